/**
 * Opens GraphiQL in headless Chromium with every other host out of reach, and walks through what it is for.
 *
 *     node graphiql.mjs http://127.0.0.1:8000 [directory for the screenshots]
 *
 * The service must run in development, with its outbox on, and with GATEWAY_LIMITS_SCALE=20: a mobile gets several codes. Each line printed is a fact that was seen; the script
 * fails at the first that does not hold, and if anything went wrong on the page that nobody asked about: a request
 * that failed, a report by the content security policy, a warning or an error.
 */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { GraphiQL } from "./graphiql-page.mjs";
import { newIdNumber, newMobile, png } from "./samples.mjs";
import { openWatchedPage } from "./watched-page.mjs";

const [baseUrl = "http://127.0.0.1:8000", screenshots = "screenshots"] = process.argv.slice(2);
const TABS = ["Captcha", "SmsCode", "Register", "Me", "Rename", "Avatar", "RealName", "SignOut", "SignIn"];
const DIGITS = /^\d{6}$/;

await mkdir(screenshots, { recursive: true });
const { page, wrongs, close } = await openWatchedPage(baseUrl);
const graphiql = new GraphiQL(page);
const facts = [];

async function fact(name, see) {
  await see();
  await page.screenshot({ path: join(screenshots, `${String(facts.length + 1).padStart(2, "0")}.png`) });
  assert.deepEqual(wrongs, [], `went wrong: ${name}`);
  facts.push(name);
  console.log(`ok ${facts.length} - ${name}`);
}

async function opening() {
  await fact("opens with a ready tab for each step of the account flow", async () => {
    await graphiql.open(baseUrl);
    assert.deepEqual(await graphiql.tabs(), TABS);
  });
  await fact("runs a query", async () => {
    await graphiql.showTab("Me");
    assert.deepEqual(await graphiql.run(), { me: null });
  });
  await fact("completes what is typed from the schema", async () => {
    await page.getByRole("button", { name: "New tab" }).click();
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.type("{ m");
    const suggestion = page.locator(".suggest-widget.visible .monaco-list-row", { hasText: "me" }).first();
    await suggestion.waitFor();
  });
  await fact("takes the suggestion and marks what the schema does not have", async () => {
    await page.keyboard.press("Enter");
    await graphiql.write("query", "{ me { noSuchField } }");
    await page.locator(".squiggly-error").first().waitFor();
  });
  await fact("shows the documentation of the schema", async () => {
    await graphiql.showPanel("Documentation Explorer");
    const explorer = page.locator(".graphiql-plugin");
    await explorer.getByRole("link", { name: "Mutation", exact: true }).click();
    await explorer.getByRole("link", { name: "sendSmsCode", exact: true }).click();
    await explorer.getByRole("link", { name: "SendSmsCodeInput" }).waitFor();
  });
  await fact("explains what the pointer rests on", async () => {
    await graphiql.write("query", "{ me { mobile } }");
    await page.locator(".graphiql-query-editor .view-line span", { hasText: "mobile" }).last().hover();
    await page.locator(".monaco-hover .hover-contents", { hasText: "Account.mobile" }).first().waitFor();
  });
  await fact("opens the editor's menu, command palette and search", async () => {
    await page.locator(".graphiql-query-editor .view-line").first().click({ button: "right" });
    await page.getByText("Prettify Editors").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".graphiql-query-editor .view-lines").click();
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget .monaco-list-row").first().waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+F");
    await page.locator(".graphiql-query-editor .find-widget.visible .codicon-widget-close").click();
  });
  await fact("prettifies a query", async () => {
    await graphiql.button("Prettify query").click();
    await graphiql.until(async () => (await graphiql.text("query")).startsWith("{\n"), "the query is pretty");
  });
}

async function misreadingThePicture() {
  await fact("takes the captcha's text from who typed it", async () => {
    await graphiql.openStep("Captcha");
    await graphiql.run();
    await page.getByLabel("Text in the picture").fill("----");
    await page.keyboard.press("Enter");
    await graphiql.until(async () => (await graphiql.input()).captchaText === "----", "the text is filled in");
  });
  await fact("leads back to a new picture after a wrong text", async () => {
    const { sendSmsCode } = await graphiql.run();
    assert.equal(sendSmsCode.errors[0].code, "CAPTCHA_WRONG");
    await graphiql.button("Ask for a new picture").click();
    assert.equal(await graphiql.activeTab(), "Captcha");
  });
}

async function registering(mobile) {
  await fact("shows the captcha's picture and plays its sound", async () => {
    await graphiql.run();
    const picture = page.getByAltText("Four characters to read");
    await picture.waitFor();
    assert.ok((await picture.evaluate((image) => image.decode().then(() => image.naturalWidth))) > 0);
    assert.ok((await page.locator("audio").evaluate(secondsOfSound)) > 0);
  });
  await fact("takes the captcha's text from the outbox by one click", async () => {
    await graphiql.showPanel("Outbox");
    await graphiql.panel("Outbox").getByRole("listitem").first().getByRole("button").click();
    await graphiql.until(async () => (await graphiql.activeTab()) === "SmsCode", "the SMS tab is active");
    await graphiql.until(async () => (await graphiql.input()).captchaText?.length === 4, "the text is filled in");
  });
  await fact("sends an SMS code", async () => {
    await graphiql.changeInput({ mobile });
    const { sendSmsCode } = await graphiql.run();
    assert.deepEqual(sendSmsCode.errors, []);
  });
  await fact("takes the SMS code from the outbox by one click", async () => {
    await graphiql.button("from the outbox").click();
    await graphiql.until(async () => (await graphiql.activeTab()) === "Register", "the registration tab is active");
    await graphiql.until(async () => DIGITS.test((await graphiql.input()).smsCode), "the code is filled in");
    assert.ok((await graphiql.input()).mobile.endsWith(mobile));
  });
  await fact("registers", async () => {
    const { register } = await graphiql.run();
    assert.deepEqual(register.errors, []);
    assert.equal(register.account.mobile, `+86${mobile}`);
  });
  await fact("is signed in by the cookie", async () => {
    await graphiql.button("Next: Me").click();
    const { me } = await graphiql.run();
    assert.equal(me.mobile, `+86${mobile}`);
  });
}

function activeTabInStorage() {
  const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem("graphiql:tabState") ?? '{"tabs":[]}');
  return tabs[activeTabIndex]?.title;
}

async function secondsOfSound(audio) {
  audio.muted = true;
  await audio.play();
  return audio.duration;
}

async function usingTheAccount() {
  await fact("changes the name", async () => {
    await graphiql.button("Next: Rename").click();
    await graphiql.changeInput({ name: `n${Date.now()}` });
    const { updateName } = await graphiql.run();
    assert.deepEqual(updateName.errors, []);
  });
  await fact("uploads a picture chosen in the page and shows the avatar", async () => {
    await graphiql.button("Next: Avatar").click();
    await graphiql.showPanel("Files");
    const file = { name: "avatar.png", mimeType: "image/png", buffer: png() };
    await graphiql.panel("Files").locator('input[type="file"]').setInputFiles(file);
    const { uploadAvatar } = await graphiql.run();
    assert.deepEqual(uploadAvatar.errors, []);
    const avatar = page.getByAltText("The account's avatar");
    assert.ok((await avatar.evaluate((image) => image.decode().then(() => image.naturalWidth))) > 0);
  });
  await fact("submits the real-name record", async () => {
    await graphiql.showTab("RealName");
    await graphiql.changeInput({ idNumber: newIdNumber() });
    const { submitAuth } = await graphiql.run();
    assert.deepEqual(submitAuth.errors, []);
    assert.match(submitAuth.authInfo.idNumber, /\*{4}/);
  });
  await fact("keeps tabs and session over a reload", async () => {
    // GraphiQL stores its tabs half a second after the last change.
    await graphiql.until(async () => (await page.evaluate(activeTabInStorage)) === "RealName", "the tab is stored");
    await page.reload();
    await page.locator(".graphiql-query-editor .view-line").first().waitFor();
    assert.deepEqual((await graphiql.tabs()).slice(0, TABS.length), TABS);
    assert.equal(await graphiql.activeTab(), "RealName");
  });
  await fact("signs out", async () => {
    await graphiql.showTab("SignOut");
    assert.deepEqual(await graphiql.run(), { logout: { errors: [] } });
    await graphiql.showTab("Me");
    assert.deepEqual(await graphiql.run(), { me: null });
  });
}

async function signingInAgain(mobile) {
  await fact("leads on to the sign-in where the mobile has an account", async () => {
    // A second code for the mobile would be a minute's wait away.
    const errors = [{ code: "MOBILE_TAKEN", message: "This mobile number has an account.", field: ["mobile"] }];
    const taken = { data: { register: { account: null, session: null, errors } } };
    await page.route("**/graphql", (route) => route.fulfill({ json: taken }), { times: 1 });
    await graphiql.showTab("Register");
    await graphiql.run();
    await graphiql.button("This mobile has an account").click();
    assert.equal(await graphiql.activeTab(), "SignIn");
  });
  await fact("signs in again with what was typed before", async () => {
    await graphiql.changeInput({ mobile });
    const { login } = await graphiql.run();
    assert.deepEqual(login.errors, []);
  });
}

/** A code for `purpose` by way of captcha and outbox; its step is open then, with the code filled in. */
async function askForCode(mobile, purpose) {
  await graphiql.showTab("Captcha");
  await graphiql.run();
  await graphiql.button("from the outbox").click();
  await graphiql.until(async () => (await graphiql.input()).captchaText?.length === 4, "the text is filled in");
  await graphiql.changeInput({ mobile, purpose });
  const { sendSmsCode } = await graphiql.run();
  assert.deepEqual(sendSmsCode.errors, []);
  await graphiql.button("from the outbox").click();
  await graphiql.until(async () => DIGITS.test((await graphiql.input()).smsCode), "the code is filled in");
}

/** Sign in with another client of the same person. */
async function signInElsewhere(mobile, password) {
  const query = "mutation ($input: LoginInput!) { login(input: $input) { errors { code } } }";
  const body = JSON.stringify({ query, variables: { input: { mobile, password } } });
  const headers = { "content-type": "application/json", "user-agent": "another client" };
  const answer = await fetch(new URL("/graphql", baseUrl), { method: "POST", headers, body });
  assert.deepEqual((await answer.json()).data.login.errors, []);
}

async function provingAndSessions(mobile) {
  await fact("shows where the account is signed in, and ends the other session", async () => {
    await signInElsewhere(mobile, "four words by train");
    await graphiql.openStep("Sessions");
    const { me } = await graphiql.run();
    assert.deepEqual(me.sessions.map(({ isCurrent }) => isCurrent).sort(), [false, true]);
    assert.ok(me.securityEvents.length > 0);
    await graphiql.button("Next: End a session").click();
    const { id } = me.sessions.find(({ isCurrent }) => !isCurrent);
    await graphiql.until(async () => (await graphiql.input()).id === id, "the session is filled in");
    assert.deepEqual((await graphiql.run()).revokeSession.errors, []);
  });
  await fact("leads back to the list where there is no such session", async () => {
    assert.equal((await graphiql.run()).revokeSession.errors[0].code, "SESSION_NOT_FOUND");
    await graphiql.button("See the list").click();
    assert.equal(await graphiql.activeTab(), "Sessions");
  });
  await fact("proves once more who it is, and changes the password", async () => {
    await graphiql.openStep("Prove who you are");
    assert.deepEqual((await graphiql.run()).reauthenticate.errors, []);
    await graphiql.button("Next: New password").click();
    assert.deepEqual((await graphiql.run()).changePassword.errors, []);
  });
  await fact("signs in by a code that the outbox takes to its step", async () => {
    await askForCode(mobile, "LOGIN");
    assert.equal(await graphiql.activeTab(), "SmsSignIn");
    const { loginWithSmsCode } = await graphiql.run();
    assert.deepEqual([loginWithSmsCode.errors, loginWithSmsCode.isNewAccount], [[], false]);
  });
  await fact("sets another password with a code, and signs in with it", async () => {
    await askForCode(mobile, "RESET_PASSWORD");
    assert.equal(await graphiql.activeTab(), "ResetPassword");
    await graphiql.changeInput({ newPassword: "six words by night coach" });
    assert.deepEqual((await graphiql.run()).resetPassword.errors, []);
    await graphiql.showTab("SignIn");
    const password = async () => (await graphiql.input()).password;
    await graphiql.until(async () => (await password()) === "six words by night coach", "the new password is filled in");
    assert.deepEqual((await graphiql.run()).login.errors, []);
  });
}

async function lookingAround() {
  await fact("opens a closed step again", async () => {
    await graphiql.showTab("Captcha");
    await page.locator('[role="tab"][aria-selected="true"] .graphiql-tab-close').click();
    await graphiql.openStep("Captcha");
    await graphiql.until(async () => (await graphiql.activeTab()) === "Captcha", "the captcha tab is there again");
  });
  await fact("has a dark theme", async () => {
    await graphiql.button("Open settings dialog").click();
    await page.getByRole("button", { name: "Dark" }).click();
    await page.locator(".graphiql-dialog").getByRole("button", { name: "Close" }).click();
    await graphiql.run();
    await page.getByAltText("Four characters to read").waitFor();
  });
  await fact("starts over with fresh tabs", async () => {
    await Promise.all([page.waitForEvent("load"), graphiql.button("Start over").click()]);
    await page.locator(".graphiql-query-editor .view-line").first().waitFor();
    assert.deepEqual(await graphiql.tabs(), TABS);
  });
}

try {
  const mobile = newMobile();
  await opening();
  await misreadingThePicture();
  await registering(mobile);
  await usingTheAccount();
  await signingInAgain(mobile);
  await provingAndSessions(mobile);
  await lookingAround();
  console.log(`${facts.length} passed, 0 failed`);
} catch (error) {
  await page.screenshot({ path: join(screenshots, "failed.png") });
  console.error(error);
  for (const wrong of wrongs) console.error(`  ${wrong}`);
  console.log(`${facts.length} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await close();
}
