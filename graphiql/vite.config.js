import { defineConfig } from "vite";

import { compressedFiles } from "./compressedFiles.js";
import { fontFiles } from "./fontFiles.js";

/**
 * The page is served at `/graphql` and its assets below `/graphql/assets/`, perhaps behind a prefix that the build
 * cannot know. So every address is relative: the page's to its own path, an asset's to the asset that names it.
 */
export default defineConfig({
  base: "./",
  plugins: [fontFiles(), compressedFiles()],
  build: {
    outDir: "../schema/graphiql/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      // "use client" means nothing without server components, and several hundred modules say it.
      onwarn: (warning, warn) => (warning.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : warn(warning)),
    },
  },
  worker: { format: "es" },
  experimental: {
    renderBuiltUrl: (filename, { hostType }) => (hostType === "html" ? `graphql/${filename}` : { relative: true }),
  },
});
