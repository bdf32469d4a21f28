// The outbox of a development server: captcha answers and SMS codes, one JSON line each.
import { readFile } from 'node:fs/promises';

async function findLast(path, isWanted) {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const entry = lines.map((line) => JSON.parse(line)).findLast(isWanted);
  if (!entry) throw new Error(`The outbox ${path} does not have what was sent.`);
  return entry;
}

/** What the picture of the captcha `id` says. */
export const readCaptcha = async (path, id) => (await findLast(path, (e) => e.kind === 'captcha' && e.id === id)).text;

/** The code of the last SMS to `mobile` (national form). */
export const readSmsCode = async (path, mobile) =>
  (await findLast(path, (e) => e.kind === 'sms' && e.mobile === `+86${mobile}`)).code;
