/**
 * Drives one page for each family of legacy front ends through all its steps, in the `ihome` dialect.
 *
 *   node families.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER
 *
 * The pages are ours; their habits are those of pages in the wild: names of paths and fields, ids, forms and JSON, and
 * which part of an answer they read. `legacy.mjs` drives the family `imagecode`, which has several pages.
 */

import assert from "node:assert/strict";
import { join } from "node:path";

import { idNumber, lastFromOutbox, pngFile, randomMobile } from "./actors.mjs";
import { onStage } from "./stage.mjs";

const [baseUrl, outbox, outputFolder] = process.argv.slice(2);
if (!outputFolder) {
  console.error("usage: node families.mjs BASE_URL OUTBOX_FILE OUTPUT_FOLDER");
  process.exit(2);
}

const PASSWORD = "123456789";
const FAMILIES = { piccode: "jquery", phonecode: "jquery-1.12", errorcode: "jquery", pc: "jquery-1.12" };

await onStage(baseUrl, outputFolder, async (stage) => {
  for (const [family, jquery] of Object.entries(FAMILIES)) {
    await stage.page.goto(`/legacy/family.html?family=${family}&jquery=${jquery}`);
    const mobile = randomMobile();
    await registers(stage, mobile);
    await leavesAndSignsIn(stage, mobile);
    await changesThePicture(stage);
    await changesTheName(stage, mobile);
    await submitsTheRecord(stage);
    await stage.page.screenshot({ path: join(outputFolder, `family-${family}.png`) });
    await leaves(stage);
    stage.holds(`a page of the family ${family} goes through all its steps`);
  }
});

async function registers(stage, mobile) {
  const { page } = stage;
  await stage.pictureIsShown("#captcha", 160);
  await page.fill("#mobile", mobile);
  await page.fill("#imagecode", "0000");
  await page.click(".phonecode-a");
  await stage.says(".message", "4004 验证码错误");
  // Some pages fetch the next captcha by themselves, some leave that to the person.
  await page.evaluate(() => newCaptcha());
  await stage.pictureIsShown("#captcha", 160);
  const id = String(await page.evaluate(() => captchaId));
  const captcha = await lastFromOutbox(outbox, (entry) => entry.kind === "captcha" && entry.id === id);
  await page.fill("#imagecode", captcha.text.toLowerCase());
  await page.click(".phonecode-a");
  await stage.says(".message", "0 OK");
  const sms = await lastFromOutbox(outbox, (entry) => entry.kind === "sms" && entry.mobile === `+86${mobile}`);
  await page.fill("#phonecode", sms.code);
  await page.fill("#password", PASSWORD);
  await page.click(".register");
  await isSignedInAs(stage, mobile, mobile);
}

async function leavesAndSignsIn(stage, mobile) {
  await leaves(stage);
  await stage.page.fill("#mobile", mobile);
  await stage.page.fill("#password", "987654321");
  await stage.page.click(".login");
  await stage.says(".message", "4106 手机号或密码错误");
  await stage.page.fill("#password", PASSWORD);
  await stage.page.click(".login");
  await isSignedInAs(stage, mobile, mobile);
}

async function changesThePicture(stage) {
  await stage.page.setInputFiles("#avatar", { name: "me.png", mimeType: "image/png", buffer: pngFile() });
  await stage.page.click("#form-avatar button");
  await stage.pictureIsShown("#user-avatar", 512);
  assert.match(await stage.page.getAttribute("#user-avatar", "src"), /^\/avatars\/[^/]+\.webp$/);
}

async function changesTheName(stage, mobile) {
  const name = `小明${mobile.slice(-6)}`;
  await stage.page.fill("#name", name);
  await stage.page.click("#form-name button");
  await stage.says(".user-name", name);
  await stage.page.reload();
  await isSignedInAs(stage, name, mobile);
  await stage.pictureIsShown("#user-avatar", 512);
}

async function submitsTheRecord({ page }) {
  await page.fill("#real-name", "张三");
  await page.fill("#id-card", idNumber());
  await page.click("#form-auth button");
  await page.waitForSelector("#real-name:disabled");
  assert.equal(await page.inputValue("#real-name"), "*三");
}

async function leaves({ page }) {
  await page.click(".logout");
  await page.waitForSelector(".account:visible");
  assert.equal(await page.isVisible(".user"), false);
}

async function isSignedInAs(stage, name, mobile) {
  await stage.page.waitForSelector(".user:visible");
  await stage.says(".user-name", name);
  await stage.says("#user-mobile", mobile);
  assert.equal(await stage.page.isVisible(".account"), false);
}
