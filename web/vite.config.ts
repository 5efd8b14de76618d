import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

import { precompress } from "./build/precompress.ts";

/** The server's own: it embeds what is built here. */
const version = /^version = "(.+)"$/m.exec(readFileSync(new URL("../Cargo.toml", import.meta.url), "utf8"))?.[1] ?? "";
const source = fileURLToPath(new URL("src", import.meta.url));

export default defineConfig({
  plugins: [vue(), precompress()],
  resolve: { alias: { "@": source } },
  define: {
    __VERSION__: JSON.stringify(version),
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __INTLIFY_PROD_DEVTOOLS__: "false",
    // Pages use the composition API only.
    __VUE_I18N_LEGACY_API__: "false",
    __VUE_I18N_FULL_INSTALL__: "false",
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` beside a running server.
    proxy: { "/api": process.env.SERVER ?? "http://127.0.0.1:3001" },
  },
  test: {
    // Tests that need a page say so: // @vitest-environment happy-dom
    environment: "node",
    css: true,
    include: ["src/**/*.test.ts"],
  },
});
