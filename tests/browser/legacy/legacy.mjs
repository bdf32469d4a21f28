/**
 * Drives the legacy pages in `pages/` through their whole flow, in a browser, against a service in the `ihome` dialect.
 *
 *   node legacy.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER
 *
 * They are of the family `imagecode`; `families.mjs` drives the others. Ends with 0 when every fact held, with 1 naming
 * the first that did not.
 */

import assert from "node:assert/strict";
import { join } from "node:path";

import { idNumber, lastFromOutbox, pngFile, randomMobile } from "./actors.mjs";
import { onStage } from "./stage.mjs";

const [baseUrl, outbox, outputFolder] = process.argv.slice(2);
if (!outputFolder) {
  console.error("usage: node legacy.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER");
  process.exit(2);
}

const PASSWORD = "123456789";

await onStage(baseUrl, outputFolder, async (stage) => {
  const mobile = randomMobile();
  await registers(stage, mobile);
  await nameIsShown(stage, mobile);
  await changesAvatarAndName(stage, mobile);
  await submitsTheRecord(stage);
  await leavesByTheLogoutLink(stage);
  await signsIn(stage, mobile);
});

async function registers(stage, mobile) {
  const { page } = stage;
  await page.goto("/legacy/register.html");
  await stage.pictureIsShown("#captcha", 160);
  await page.fill("#mobile", mobile);

  await page.fill("#imagecode", "0000");
  await page.click(".phonecode-a");
  await stage.says(".error-msg", "4004 验证码错误");
  stage.holds("a wrong captcha is told, and the page fetches another");

  await stage.pictureIsShown("#captcha", 160);
  await page.fill("#imagecode", (await captchaText(page)).toLowerCase());
  await page.click(".phonecode-a");
  await stage.says(".error-msg", "0 OK");
  const code = await lastFromOutbox(outbox, (entry) => entry.kind === "sms" && entry.mobile === `+86${mobile}`);
  stage.holds("the SMS code is sent after the right captcha, in lower case");

  await page.fill("#password", PASSWORD);
  await page.fill("#password2", PASSWORD);
  await page.fill("#phonecode", code.code === "000000" ? "111111" : "000000");
  await page.click(".form-register button");
  await stage.says(".error-msg", "4004 验证码错误");
  await page.fill("#phonecode", code.code);
  await page.screenshot({ path: join(outputFolder, "register.png") });
  await Promise.all([page.waitForURL("**/legacy/index.html"), page.click(".form-register button")]);
  const sent = stage.posts.filter((post) => post.path === "/api/register").at(-1);
  assert.deepEqual(Object.keys(sent.fields), ["mobile", "imagecode", "phonecode", "password", "password2"]);
  assert.equal(sent.token, undefined);
  stage.holds("registration takes the whole form, fields that it does not know included, without any token header");
}

async function nameIsShown(stage, name) {
  const { page, context } = stage;
  await stage.says(".user-name", name);
  assert.equal(await page.isVisible(".register-login"), false);
  const cookies = await context.cookies();
  assert.deepEqual(cookies.map((cookie) => cookie.name).sort(), ["device", "session"]);
  assert.ok(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Lax"));
  assert.equal(await page.evaluate(() => document.cookie), "");
  stage.holds("the name is shown, and the page's scripts cannot read its cookies");
}

async function changesAvatarAndName(stage, mobile) {
  const { page, context } = stage;
  // From here on the page finds a cookie to make a token header of.
  await context.addCookies([{ name: "_xsrf", value: "2|1f|legacy", url: baseUrl }]);
  await page.click(".user-name");
  await stage.says("#user-name", mobile);
  await stage.says("#user-mobile", mobile);
  assert.match(await page.textContent("#create-time"), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);

  await page.setInputFiles("#avatar", { name: "me.png", mimeType: "image/png", buffer: Buffer.from("<html>") });
  await page.click("#form-avatar button");
  await page.waitForFunction(() => document.querySelector(".message").textContent.startsWith("4302 "));
  await page.setInputFiles("#avatar", { name: "me.jpg", mimeType: "image/jpeg", buffer: pngFile() });
  await page.click("#form-avatar button");
  await stage.says(".message", "0 OK");
  await stage.pictureIsShown("#user-avatar", 512);
  stage.holds("the picture is uploaded, and shown from where the answer says");

  const name = `小明${mobile.slice(-4)}`;
  await page.fill("#name", name);
  await page.click("#form-name button");
  await stage.says("#user-name", name);
  assert.equal(stage.posts.at(-1).token, "2|1f|legacy");
  await page.fill("#name", "<b>粗</b>");
  await page.click("#form-name button");
  await page.waitForFunction(() => document.querySelector(".message").textContent.startsWith("4103 "));
  stage.holds("the name is changed with a token header that nobody asked for; markup is refused");

  await page.reload();
  await stage.says("#user-name", name);
  await stage.pictureIsShown("#user-avatar", 512);
  await page.screenshot({ path: join(outputFolder, "profile.png") });
  await page.goto("/legacy/index.html");
  await stage.says(".user-name", name);
  stage.holds("name and picture are there after a reload");
}

async function submitsTheRecord(stage) {
  const { page } = stage;
  await page.goto("/legacy/auth.html");
  await page.fill("#real-name", "张三");
  await page.fill("#id-card", "110105194912310021");
  await page.click(".btn-save");
  await stage.says(".message", "4103 身份证号格式错误");
  await page.fill("#id-card", idNumber());
  await page.click(".btn-save");
  await stage.says(".message", "0 OK");
  await page.reload();
  await page.waitForSelector("#real-name:disabled");
  assert.equal(await page.inputValue("#real-name"), "*三");
  assert.match(await page.inputValue("#id-card"), /^\d{4}\*{10}\d{3}[\dX]$/);
  assert.equal(await page.isVisible(".btn-save"), false);
  await page.screenshot({ path: join(outputFolder, "auth.png") });
  stage.holds("the real-name record is kept, shown masked, and the form closed");

  const again = await page.evaluate(
    (record) => $.ajax({ url: "/api/profile/auth", type: "POST", data: record, contentType: "application/json" }),
    JSON.stringify({ real_name: "李四", id_card: idNumber() }),
  );
  assert.equal(again.errno, 4003);
  stage.holds("a second record is refused with 4003");
}

async function leavesByTheLogoutLink(stage) {
  const { page, context } = stage;
  await page.goto("/legacy/index.html");
  await page.waitForSelector(".logout:visible");
  const session = (await context.cookies()).find((cookie) => cookie.name === "session");
  const asked = page.waitForRequest("**/api/logout");
  await Promise.all([page.waitForURL("**/legacy/left.html"), page.click(".logout")]);
  await asked;
  await sessionIsOver(session);
  await page.goto("/legacy/index.html");
  await page.waitForSelector(".register-login:visible");
  assert.equal(await page.isVisible(".user-info"), false);
  await page.screenshot({ path: join(outputFolder, "signed-out.png") });
  stage.holds("the sign-out completes although the link leaves the page at once");
}

async function signsIn(stage, mobile) {
  const { page } = stage;
  await page.goto("/legacy/login.html");
  await page.fill("#mobile", mobile);
  await page.fill("#password", "987654321");
  await page.click(".form-login button");
  await stage.says(".error-msg", "4106 手机号或密码错误");
  await page.fill("#password", PASSWORD);
  await Promise.all([page.waitForURL("**/legacy/index.html"), page.click(".form-login button")]);
  await page.waitForSelector(".logout:visible");
  stage.holds("who has left signs in again");
}

/** Asks with the old cookie, from no browser, until the service knows it no more. */
async function sessionIsOver(session) {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const response = await fetch(new URL("/api/check_login", baseUrl), {
      headers: { cookie: `${session.name}=${session.value}` },
    });
    const { errno } = await response.json();
    if (errno === 4101) return;
    assert.ok(Date.now() < deadline, `the session still lives: errno ${errno}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function captchaText(page) {
  const id = await page.evaluate(() => captchaId);
  return (await lastFromOutbox(outbox, (entry) => entry.kind === "captcha" && entry.id === id)).text;
}
