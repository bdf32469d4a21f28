// The whole account flow, by whichever client: from the captcha to signing out.
import assert from 'node:assert/strict';

import * as documents from './documents.mjs';
import { readCaptcha, readSmsCode } from './outbox.mjs';
import { makeIdNumber, makeMobile, makeName, makePicture } from './actors.mjs';

/**
 * Run the flow. `client.ask(document, variables)` gives the data or throws what the server refused;
 * `client.useToken(token)` is called where the session is delivered in the body.
 */
export async function runAccountFlow(client, { origin, outbox }) {
  const mobile = makeMobile();
  await sendCode(client, outbox, mobile);
  const account = await register(client, outbox, mobile);
  await checkMe(client, { id: account.id, mobile: `+86${mobile}`, avatarUrl: null });

  const name = makeName(client.name);
  const renamed = settled(await client.ask(documents.UPDATE_NAME, { input: { name } }), 'updateName');
  assert.equal(renamed.account.name, name);

  const avatarUrl = await uploadAvatar(client, origin);
  await checkMe(client, { id: account.id, name, avatarUrl });
  await submitAuth(client);

  settled(await client.ask(documents.LOGOUT), 'logout');
  assert.deepEqual(await client.ask(documents.ME), { me: null });
  await checkRefusals(client);
}

async function sendCode(client, outbox, mobile) {
  const { captcha } = settled(await client.ask(documents.CREATE_CAPTCHA), 'createCaptcha');
  assert.match(captcha.image, /^data:image\/png;base64,/);
  const captchaText = await readCaptcha(outbox, captcha.id);
  const input = { mobile, captchaId: captcha.id, captchaText };
  const sent = settled(await client.ask(documents.SEND_SMS_CODE, { input }), 'sendSmsCode');
  assert.ok(new Date(sent.expiresAt) > new Date());
}

async function register(client, outbox, mobile) {
  const smsCode = await readSmsCode(outbox, mobile);
  const input = { mobile, smsCode, password: `correct horse ${mobile}`, tokenDelivery: client.tokenDelivery };
  const { account, session } = settled(await client.ask(documents.REGISTER, { input }), 'register');
  assert.equal(account.mobile, `+86${mobile}`);
  assert.equal(session.token === null, client.tokenDelivery === 'COOKIE');
  if (session.token) client.useToken(session.token);
  return account;
}

async function checkMe(client, expected) {
  const { me } = await client.ask(documents.ME);
  for (const [field, value] of Object.entries(expected)) assert.equal(me[field], value, `me.${field}`);
}

async function uploadAvatar(client, origin) {
  const data = await client.ask(documents.UPLOAD_AVATAR, { input: { image: makePicture() } });
  const { account } = settled(data, 'uploadAvatar');
  const picture = await fetch(new URL(account.avatarUrl, origin));
  assert.equal(picture.status, 200);
  assert.equal(picture.headers.get('content-type'), 'image/webp');
  return account.avatarUrl;
}

async function submitAuth(client) {
  const idNumber = makeIdNumber();
  const input = { realName: '李小明', idNumber };
  const { authInfo } = settled(await client.ask(documents.SUBMIT_AUTH, { input }), 'submitAuth');
  assert.equal(authInfo.idNumber, `${idNumber.slice(0, 4)}${'*'.repeat(10)}${idNumber.slice(-4)}`);
  assert.deepEqual((await client.ask(documents.AUTH_INFO)).authInfo, authInfo);
  const again = await client.ask(documents.SUBMIT_AUTH, { input });
  assert.equal(again.submitAuth.errors[0].code, 'AUTH_ALREADY_SUBMITTED');
}

/** Refusals reach the caller as what they are, with their codes. */
async function checkRefusals(client) {
  const { updateName } = await client.ask(documents.UPDATE_NAME, { input: { name: 'Nobody' } });
  assert.equal(updateName.errors[0].code, 'UNAUTHENTICATED');
  const error = await client.ask(documents.UNKNOWN_FIELD).then(() => null, (refusal) => refusal);
  assert.deepEqual(client.codesOf(error), [client.codeOfUnknownDocument ?? 'GRAPHQL_VALIDATION_FAILED']);
}

/** What a mutation made, once it says that nothing was refused. */
function settled(data, field) {
  assert.deepEqual(data[field].errors, [], `${field} was refused`);
  return data[field];
}
