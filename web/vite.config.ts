import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Two classic scripts, no modules: a page that was opened from a disk may load scripts but no modules.
// The editor is a script of its own, loaded when somebody first wants to edit.
export default defineConfig(({ mode }) => {
  const editor = mode === "editor";
  return {
    plugins: [svelte()],
    publicDir: editor ? false : "public",
    base: "./",
    build: {
      outDir: "../src/doubletake/learn/assets",
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
