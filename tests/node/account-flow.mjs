// The whole account flow, by whichever client: from the captcha to signing out.
import assert from 'node:assert/strict';

import * as documents from './documents.mjs';
import { readCaptcha, readSmsCode } from './outbox.mjs';
import { makeIdNumber, makeMobile, makeName, makePicture } from './actors.mjs';

/**
 * Run the flow with two clients of one person. `client.ask(document, variables)` gives the data or throws what the
 * server refused; `client.useToken(token)` is called where the session is delivered in the body. A mobile gets several
 * codes within a minute, so the server runs with `GATEWAY_LIMITS_SCALE`.
 */
export async function runAccountFlow(client, other, { origin, outbox }) {
  const mobile = makeMobile();
  const account = await register(client, outbox, mobile);
  await checkMe(client, { id: account.id, mobile: `+86${mobile}`, avatarUrl: null });

  const name = makeName(client.name);
  const renamed = settled(await client.ask(documents.UPDATE_NAME, { input: { name } }), 'updateName');
  assert.equal(renamed.account.name, name);

  const avatarUrl = await uploadAvatar(client, origin);
  await checkMe(client, { id: account.id, name, avatarUrl });
  await submitAuth(client, account.id);

  await signInBySms(other, outbox, mobile, account.id);
  await revokeSession(client, other);
  await provePassword(client, mobile);
  await signOut(client);
  await resetPassword(client, other, outbox, mobile);
  await signOut(client);
  await checkRefusals(client);
}

async function sendCode(client, outbox, mobile, purpose) {
  const { captcha } = settled(await client.ask(documents.CREATE_CAPTCHA), 'createCaptcha');
  assert.match(captcha.image, /^data:image\/png;base64,/);
  const captchaText = await readCaptcha(outbox, captcha.id);
  const input = { mobile, captchaId: captcha.id, captchaText, purpose };
  const sent = settled(await client.ask(documents.SEND_SMS_CODE, { input }), 'sendSmsCode');
  assert.ok(new Date(sent.expiresAt) > new Date());
  assert.ok(sent.expiresAfterSeconds > 0 && sent.resendAfterSeconds >= 0);
  return readSmsCode(outbox, mobile);
}

async function register(client, outbox, mobile) {
  const smsCode = await sendCode(client, outbox, mobile, 'REGISTER');
  const input = { mobile, smsCode, password: passwordOf(mobile), tokenDelivery: client.tokenDelivery };
  const { account } = takeSession(client, settled(await client.ask(documents.REGISTER, { input }), 'register'));
  assert.equal(account.mobile, `+86${mobile}`);
  return account;
}

async function signInBySms(client, outbox, mobile, id) {
  const smsCode = await sendCode(client, outbox, mobile, 'LOGIN');
  const input = { mobile, smsCode, tokenDelivery: client.tokenDelivery };
  const made = settled(await client.ask(documents.LOGIN_WITH_SMS_CODE, { input }), 'loginWithSmsCode');
  assert.equal(made.isNewAccount, false);
  assert.equal(takeSession(client, made).me.id, id);
}

/** One client of the person ends the other's session. */
async function revokeSession(client, other) {
  const { me } = await client.ask(documents.SESSIONS);
  assert.deepEqual(me.sessions.map((session) => session.method).sort(), ['REGISTRATION', 'SMS_CODE']);
  const { id } = me.sessions.find((session) => !session.isCurrent);
  assert.deepEqual(await client.ask(documents.NODE, { id }), { node: { __typename: 'SessionInfo', id } });
  const revoked = settled(await client.ask(documents.REVOKE_SESSION, { input: { id } }), 'revokeSession');
  assert.equal(revoked.me.id, me.id);
  assert.deepEqual(await other.ask(documents.ME), { me: null });
  const again = await client.ask(documents.REVOKE_SESSION, { input: { id } });
  assert.equal(again.revokeSession.errors[0].code, 'SESSION_NOT_FOUND');
}

async function provePassword(client, mobile) {
  const input = { password: passwordOf(mobile) };
  const proved = settled(await client.ask(documents.REAUTHENTICATE, { input }), 'reauthenticate');
  assert.ok(takeSession(client, proved).authenticatedForSeconds > 0);
  settled(await client.ask(documents.REVOKE_OTHER_SESSIONS), 'revokeOtherSessions');
  const change = { currentPassword: passwordOf(mobile), newPassword: passwordOf(mobile, 'changed') };
  const changed = settled(await client.ask(documents.CHANGE_PASSWORD, { input: change }), 'changePassword');
  takeSession(client, changed);
  await checkMe(client, { mobile: `+86${mobile}` });
}

/** Who has forgotten the password sets another one by SMS, and signs in with it. */
async function resetPassword(client, other, outbox, mobile) {
  const smsCode = await sendCode(other, outbox, mobile, 'RESET_PASSWORD');
  const newPassword = passwordOf(mobile, 'reset');
  const reset = { mobile, smsCode, newPassword };
  settled(await other.ask(documents.RESET_PASSWORD, { input: reset }), 'resetPassword');
  const old = { mobile, password: passwordOf(mobile, 'changed'), tokenDelivery: client.tokenDelivery };
  const refused = await client.ask(documents.LOGIN, { input: old });
  assert.equal(refused.login.errors[0].code, 'WRONG_CREDENTIALS');
  takeSession(client, settled(await client.ask(documents.LOGIN, { input: { ...old, password: newPassword } }), 'login'));
  await checkMe(client, { mobile: `+86${mobile}` });
}

async function signOut(client) {
  const { me } = settled(await client.ask(documents.LOGOUT), 'logout');
  assert.equal(me, null);
  assert.deepEqual(await client.ask(documents.ME), { me: null });
}

const passwordOf = (mobile, word = 'correct') => `${word} horse ${mobile}`;

/** What a sign-in has made, its token kept by who gets it in the body. */
function takeSession(client, made) {
  assert.deepEqual(made.me.id, made.account.id);
  assert.equal(made.session.token === null, client.tokenDelivery === 'COOKIE');
  if (made.session.token) client.useToken(made.session.token);
  return made;
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

async function submitAuth(client, id) {
  const idNumber = makeIdNumber();
  const input = { realName: '李小明', idNumber };
  const { account, authInfo } = settled(await client.ask(documents.SUBMIT_AUTH, { input }), 'submitAuth');
  assert.equal(account.id, id);
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
