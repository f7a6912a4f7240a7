/** Writes each built file again in brotli and gzip, so that the proxy only has to choose. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin, ResolvedConfig } from "vite";

const WORTH_IT = /\.(?:html|js|css|svg|json|txt)$/;

export function pack(): Plugin {
  let config: ResolvedConfig | undefined;
  return {
    name: "pack",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    closeBundle() {
      if (!config) return;
      const out = join(config.root, config.build.outDir);
      for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
        if (WORTH_IT.test(name)) packOne(join(out, name));
      }
    },
  };
}

function packOne(path: string) {
  const bytes = readFileSync(path);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  for (const [suffix, packed] of [
    [".br", brotliCompressSync(bytes, { params: quality })],
    [".gz", gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION })],
  ] as const) {
    if (packed.length < bytes.length) writeFileSync(path + suffix, packed);
  }
}
