import { svelte } from "@sveltejs/vite-plugin-svelte";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Leaves a digest of what was built from, so that a test can tell when the shipped assets are older than their sources. */
function builtFrom(): Plugin {
  return {
    name: "built-from",
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

const OUT = "../src/doubletake/learn/assets";

// Two classic scripts, no modules: a page that was opened from a disk may load scripts but no modules.
// The editor is a script of its own, loaded when somebody first wants to edit.
export default defineConfig(({ mode }) => {
  const editor = mode === "editor";
  return {
    plugins: [svelte(), builtFrom()],
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
          name: editor ? "doubletakeEditing" : "doubletakePage",
          entryFileNames: editor ? "editor.js" : "page.js",
          assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "page.css" : "[name][extname]"),
        },
      },
    },
    test: { include: ["src/**/*.test.ts"] },
  };
});
