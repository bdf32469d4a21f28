// Made-up people, so that every run registers accounts of its own.
import { randomInt } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

const digits = (count) => Array.from({ length: count }, () => randomInt(10)).join('');

/** A Chinese mobile number that nobody in this run has. */
export const makeMobile = () => `186${digits(8)}`;

/** A resident identity number that is valid by GB 11643. */
export function makeIdNumber() {
  const birthday = `19${randomInt(60, 99)}${String(randomInt(1, 13)).padStart(2, '0')}${String(randomInt(1, 29)).padStart(2, '0')}`;
  const body = `110101${birthday}${digits(3)}`;
  const sum = [...body].reduce((total, digit, index) => total + Number(digit) * (2 ** (17 - index) % 11), 0);
  return body + '10X98765432'[sum % 11];
}

/** A name that fits, with `prefix` so that one sees whose it is. */
export const makeName = (prefix) => `${prefix} ${digits(8)}`;

/** A PNG of 96 by 64 pixels in one colour. */
export function makePicture() {
  const [width, height, colour] = [96, 64, [randomInt(256), randomInt(256), randomInt(256)]];
  const row = Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const png = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
  return new File([png], 'portrait.png', { type: 'image/png' });
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(checksum(named), named.length + 4);
  return framed;
}

// zlib.crc32 came with Node 20.15.
const checksum = crc32;
