/**
 * Drives the legacy pages in `pages/` through their whole flow, in a browser, against a service in the `ihome` dialect.
 *
 *   node legacy.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER
 *
 * The pages are answered from here as if they stood beside the service, under its own origin; everything under `/api`
 * and `/avatars` goes to the service itself. Ends with 0 when every fact held, with 1 naming the first that did not.
 */

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { idNumber, lastFromOutbox, pngFile, randomMobile } from "./people.mjs";

const [baseUrl, outbox, outputFolder] = process.argv.slice(2);
if (!outputFolder) {
  console.error("usage: node legacy.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER");
  process.exit(2);
}

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const PASSWORD = "123456789";
const HERE = import.meta.dirname;
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8" };

const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
const context = await browser.newContext({ baseURL: baseUrl, locale: "zh-CN", viewport: { width: 800, height: 500 } });
context.setDefaultTimeout(15_000);
const page = await context.newPage();
const wrongs = [];
const posts = [];
let facts = 0;

try {
  await mkdir(outputFolder, { recursive: true });
  await serveThePages();
  watch();
  const mobile = randomMobile();
  await registers(mobile);
  await nameIsShown(mobile);
  await changesAvatarAndName(mobile);
  await submitsTheRecord();
  await leavesByTheLogoutLink();
  assert.deepEqual(wrongs, []);
  console.log(`${facts} passed, 0 failed`);
} catch (error) {
  await page.screenshot({ path: join(outputFolder, "failed.png") }).catch(() => {});
  console.error(error);
  if (wrongs.length) console.error(wrongs.join("\n"));
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function registers(mobile) {
  await page.goto("/legacy/register.html");
  await captchaIsDrawn();
  await page.fill("#mobile", mobile);

  await page.fill("#imagecode", "0000");
  await page.click(".phonecode-a");
  await says(".error-msg", "4004 验证码错误");
  holds("a wrong captcha is told, and the page fetches another");

  await captchaIsDrawn();
  await page.fill("#imagecode", (await captchaText()).toLowerCase());
  await page.click(".phonecode-a");
  await says(".error-msg", "0 OK");
  const code = await lastFromOutbox(outbox, (entry) => entry.kind === "sms" && entry.mobile === `+86${mobile}`);
  holds("the SMS code is sent after the right captcha, in lower case");

  await page.fill("#password", PASSWORD);
  await page.fill("#password2", PASSWORD);
  await page.fill("#phonecode", code.code === "000000" ? "111111" : "000000");
  await page.click(".form-register button");
  await says(".error-msg", "4004 验证码错误");
  await page.fill("#phonecode", code.code);
  await page.screenshot({ path: join(outputFolder, "register.png") });
  await Promise.all([page.waitForURL("**/legacy/index.html"), page.click(".form-register button")]);
  const sent = posts.filter((post) => post.path === "/api/register").at(-1);
  assert.deepEqual(Object.keys(sent.fields), ["mobile", "imagecode", "phonecode", "password", "password2"]);
  assert.equal(sent.token, undefined);
  holds("registration takes the whole form, fields that it does not know included, without any token header");
}

async function nameIsShown(name) {
  await says(".user-name", name);
  assert.equal(await page.isVisible(".register-login"), false);
  const cookies = await context.cookies();
  assert.deepEqual(cookies.map((cookie) => [cookie.httpOnly, cookie.sameSite]), [[true, "Lax"]]);
  assert.equal(await page.evaluate(() => document.cookie), "");
  holds("the name is shown, and the page's scripts cannot read the session");
}

async function changesAvatarAndName(mobile) {
  // From here on the page finds a cookie to make a token header of.
  await context.addCookies([{ name: "_xsrf", value: "2|1f|legacy", url: baseUrl }]);
  await page.click(".user-name");
  await says("#user-name", mobile);
  await says("#user-mobile", mobile);
  assert.match(await page.textContent("#create-time"), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);

  await page.setInputFiles("#avatar", { name: "me.png", mimeType: "image/png", buffer: Buffer.from("<html>") });
  await page.click("#form-avatar button");
  await page.waitForFunction(() => document.querySelector(".message").textContent.startsWith("4302 "));
  await page.setInputFiles("#avatar", { name: "me.jpg", mimeType: "image/jpeg", buffer: pngFile() });
  await page.click("#form-avatar button");
  await says(".message", "0 OK");
  await pictureIsShown("#user-avatar", 512);
  holds("the picture is uploaded, and shown from where the answer says");

  const name = `小明${mobile.slice(-4)}`;
  await page.fill("#name", name);
  await page.click("#form-name button");
  await says("#user-name", name);
  assert.equal(posts.at(-1).token, "2|1f|legacy");
  await page.fill("#name", "<b>粗</b>");
  await page.click("#form-name button");
  await page.waitForFunction(() => document.querySelector(".message").textContent.startsWith("4103 "));
  holds("the name is changed with a token header that nobody asked for; markup is refused");

  await page.reload();
  await says("#user-name", name);
  await pictureIsShown("#user-avatar", 512);
  await page.screenshot({ path: join(outputFolder, "profile.png") });
  await page.goto("/legacy/index.html");
  await says(".user-name", name);
  holds("name and picture are there after a reload");
}

async function submitsTheRecord() {
  await page.goto("/legacy/auth.html");
  await page.fill("#real-name", "张三");
  await page.fill("#id-card", "110105194912310021");
  await page.click(".btn-save");
  await says(".message", "4103 身份证号格式错误");
  await page.fill("#id-card", idNumber());
  await page.click(".btn-save");
  await says(".message", "0 OK");
  await page.reload();
  await page.waitForSelector("#real-name:disabled");
  assert.equal(await page.inputValue("#real-name"), "*三");
  assert.match(await page.inputValue("#id-card"), /^\d{4}\*{10}\d{3}[\dX]$/);
  assert.equal(await page.isVisible(".btn-save"), false);
  await page.screenshot({ path: join(outputFolder, "auth.png") });
  holds("the real-name record is kept, shown masked, and the form closed");

  const again = await page.evaluate(
    (record) => $.ajax({ url: "/api/profile/auth", type: "POST", data: record, contentType: "application/json" }),
    JSON.stringify({ real_name: "李四", id_card: idNumber() }),
  );
  assert.equal(again.errno, 4003);
  holds("a second record is refused with 4003");
}

async function leavesByTheLogoutLink() {
  await page.goto("/legacy/index.html");
  await page.waitForSelector(".logout:visible");
  const session = (await context.cookies()).find((cookie) => cookie.httpOnly);
  const asked = page.waitForRequest("**/api/logout");
  await Promise.all([page.waitForURL("**/legacy/left.html"), page.click(".logout")]);
  await asked;
  await sessionIsOver(session);
  await page.goto("/legacy/index.html");
  await page.waitForSelector(".register-login:visible");
  assert.equal(await page.isVisible(".user-info"), false);
  await page.screenshot({ path: join(outputFolder, "signed-out.png") });
  holds("the sign-out completes although the link leaves the page at once");
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

async function captchaIsDrawn() {
  await pictureIsShown("#captcha", 160);
}

async function pictureIsShown(selector, width) {
  await page.waitForFunction(
    ([selector, width]) => {
      const image = document.querySelector(selector);
      return image.complete && image.naturalWidth === width;
    },
    [selector, width],
  ).catch(() => assert.fail(`${selector} should show a picture ${width} pixels wide`));
}

async function captchaText() {
  const id = await page.evaluate(() => captchaId);
  return (await lastFromOutbox(outbox, (entry) => entry.kind === "captcha" && entry.id === id)).text;
}

async function says(selector, text) {
  await page.waitForFunction(
    ([selector, text]) => document.querySelector(selector)?.textContent === text,
    [selector, text],
  ).catch(async () => {
    assert.fail(`${selector} should say ${JSON.stringify(text)}, says ${JSON.stringify(await page.textContent(selector))}`);
  });
}

function holds(fact) {
  facts += 1;
  console.log(`ok ${facts} - ${fact}`);
}

async function serveThePages() {
  await context.route("**/legacy/*", async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    const path = name === "jquery.js"
      ? join(HERE, "node_modules/jquery/dist/jquery.js")
      : join(HERE, "pages", name);
    await route.fulfill({ contentType: TYPES[name.split(".").at(-1)], body: await readFile(path) });
  });
}

function watch() {
  page.on("pageerror", (error) => wrongs.push(`page error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrongs.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() !== 200) wrongs.push(`response ${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (request.method() !== "POST") return;
    const json = request.headers()["content-type"]?.startsWith("application/json");
    posts.push({
      path: new URL(request.url()).pathname,
      fields: json ? request.postDataJSON() : {},
      token: request.headers()["x-xsrftoken"],
    });
  });
}
