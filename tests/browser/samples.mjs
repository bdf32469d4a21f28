/** Made-up data that no other run has used. */

import { randomInt } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";

export function newMobile() {
  return `138${String(randomInt(10 ** 8)).padStart(8, "0")}`;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** An ID number whose check character is right by GB 11643. */
export function newIdNumber() {
  const year = randomInt(1950, 2000);
  const day = String(randomInt(1, 29)).padStart(2, "0");
  const digits = `110105${year}12${day}${String(randomInt(1000)).padStart(3, "0")}`;
  const sum = [...digits].reduce((total, digit, place) => total + Number(digit) * WEIGHTS[place], 0);
  return digits + "10X98765432"[sum % 11];
}

/** A PNG file of one colour. */
export function png(side = 64) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2], 8); // 8 bits a channel, RGB
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, Buffer.from([214, 5, 144]))]);
  const pixels = deflateSync(Buffer.concat(Array(side).fill(row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "ascii"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
