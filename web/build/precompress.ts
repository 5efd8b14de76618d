import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin } from "vite";

/** Smaller files gain nothing. */
const WORTH_IT_BYTES = 512;

/** Puts a brotli and a gzip version beside every file for which that pays, when all are written; the server only picks one. */
export function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    writeBundle({ dir = "dist" }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|css|html|svg)$/.test(name))) {
        const source = readFileSync(join(dir, name));
        if (source.length < WORTH_IT_BYTES) continue;
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(source, brotli));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(source, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}
