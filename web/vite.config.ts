import { svelte } from "@sveltejs/vite-plugin-svelte";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Writes a digest of the sources, so that a test can detect assets that are older than their sources. */
function builtFrom(): Plugin {
  return {
    name: "built-from",
    apply: "build", // not when running the tests
    closeBundle() {
      const digest = createHash("sha256");
      const names = readdirSync(import.meta.dirname, { recursive: true }) as string[];
      const sources = names.filter((name) => /^(src|public)\/.*\.\w+$|^package-lock\.json$|^vite\.config\.ts$/.test(name));
      for (const name of sources.filter((name) => !name.endsWith(".test.ts")).sort())
        digest.update(name).update("\0").update(readFileSync(join(import.meta.dirname, name))).update("\0");
      writeFileSync(join(import.meta.dirname, OUT, "built-from.txt"), `${digest.digest("hex")}\n`);
    },
  };
}

const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;
const FONTS = ["@fontsource/ibm-plex-mono", "@fontsource/ibm-plex-serif"];

/** The licences of everything bundled into a script or style sheet, shipped beside it. */
function licences(script: string): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const folders = new Map<string, string>();
      for (const id of this.getModuleIds()) {
        const found = PACKAGE.exec(id.replace(/^\0/, ""));
        if (found?.[1] && found[2]) folders.set(found[2], found[1]);
      }
      if (script === "page") for (const font of FONTS) folders.set(font, join(import.meta.dirname, "node_modules", font));
      const texts = [...folders].sort().map(([name, folder]) => {
        const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].map((one) => join(folder, one)).find(existsSync);
        if (!file) this.error(`${name} has no licence file`);
        return `${name}\n\n${readFileSync(file, "utf8").trim()}\n`;
      });
      this.emitFile({ type: "asset", fileName: `${script}.licences.txt`, source: texts.join(`\n${"-".repeat(72)}\n\n`) });
    },
  };
}

const OUT = "../src/looktwice/learn/assets";

// Two classic scripts, no modules: a page opened from disk may load scripts but no modules.
// The editor is a separate script, loaded on the first edit.
export default defineConfig(({ mode }) => {
  const editor = mode === "editor";
  return {
    plugins: [svelte(), licences(editor ? "editor" : "page"), builtFrom()],
    publicDir: editor ? false : "public",
    base: "./",
    build: {
      outDir: OUT,
      emptyOutDir: !editor,
      target: "es2022",
      modulePreload: false,
      cssCodeSplit: false,
      assetsInlineLimit: 0, // the page's policy allows no data: addresses
      rollupOptions: {
        input: editor ? "src/editor/editor.ts" : "src/main.ts",
        output: {
          format: "iife",
          name: editor ? "looktwiceEditing" : "looktwicePage",
          entryFileNames: editor ? "editor.js" : "page.js",
          assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "page.css" : "[name][extname]"),
        },
      },
    },
    test: { include: ["src/**/*.test.ts"] },
  };
});
