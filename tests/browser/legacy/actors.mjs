/** What a visitor brings: a number, an identity, a picture, and a look into the development outbox. */

import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_DIGITS = "10X98765432";
const POLL_MILLISECONDS = 20;
const TIMEOUT_MILLISECONDS = 5_000;

/** A mobile number that no earlier run has registered, most likely. */
export function randomMobile() {
  return `139${String(randomInt(10 ** 8)).padStart(8, "0")}`;
}

/** A valid resident identity number (GB 11643) of a made-up person. */
export function idNumber() {
  const day = new Date(Date.UTC(1950, 0, 1 + randomInt(18_000)));
  const body = `110105${day.toISOString().slice(0, 10).replaceAll("-", "")}${String(randomInt(1000)).padStart(3, "0")}`;
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(body[index]), 0);
  return body + CHECK_DIGITS[sum % 11];
}

/** The newest entry of the outbox that fits; waits for it a moment. */
export async function lastFromOutbox(path, fits) {
  const deadline = Date.now() + TIMEOUT_MILLISECONDS;
  for (;;) {
    const lines = (await readFile(path, "utf8")).split("\n").filter(Boolean);
    const entry = lines.map((line) => JSON.parse(line)).findLast(fits);
    if (entry) return entry;
    if (Date.now() > deadline) throw new Error(`nothing of the kind is in ${path}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}

/** A PNG of 64 by 48 pixels, all of one colour. */
export function pngFile() {
  const [width, height] = [64, 48];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.of(0), ...Array.from({ length: width }, () => Buffer.of(31, 95, 191))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
