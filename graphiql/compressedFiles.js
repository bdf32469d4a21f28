import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = /\.(css|js|svg|ttf)$/;
const ENCODERS = {
  br: (content) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  gz: (content) => promisify(gzip)(content, { level: 9 }),
};

/** Writes `x.js.br` and `x.js.gz` beside each asset `x.js` that gets smaller: the service chooses, and never compresses. */
export function compressedFiles() {
  return {
    name: "compressed-files",
    async writeBundle({ dir }) {
      const assets = join(dir, "assets");
      const names = (await readdir(assets)).filter((name) => COMPRESSIBLE.test(name));
      await Promise.all(names.map((name) => compress(join(assets, name))));
    },
  };
}

async function compress(path) {
  const content = await readFile(path);
  for (const [suffix, encode] of Object.entries(ENCODERS)) {
    const encoded = await encode(content);
    if (encoded.length < content.length) await writeFile(`${path}.${suffix}`, encoded);
  }
}
