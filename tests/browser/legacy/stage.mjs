/** A browser with one page open, whose `/legacy/*` is answered from here and all else by the service itself. */

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const HERE = import.meta.dirname;
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8" };
const LIBRARIES = { "jquery.js": "jquery", "jquery-1.12.js": "jquery-1.12" };

/** Runs `story` with a fresh stage; its exit code tells whether every fact held and nothing went wrong in the page. */
export async function onStage(baseUrl, outputFolder, story) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  const stage = await openStage(browser, baseUrl);
  try {
    await mkdir(outputFolder, { recursive: true });
    await story(stage);
    assert.deepEqual(stage.wrongs, []);
    console.log(`${stage.facts} passed, 0 failed`);
  } catch (error) {
    await stage.page.screenshot({ path: join(outputFolder, "failed.png") }).catch(() => {});
    console.error(error);
    if (stage.wrongs.length) console.error(stage.wrongs.join("\n"));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

async function openStage(browser, baseUrl) {
  const context = await browser.newContext({ baseURL: baseUrl, locale: "zh-CN", viewport: { width: 800, height: 500 } });
  context.setDefaultTimeout(15_000);
  await serveThePages(context);
  const page = await context.newPage();
  const stage = new Stage(context, page);
  stage.watch();
  return stage;
}

class Stage {
  facts = 0;
  wrongs = [];
  posts = [];

  constructor(context, page) {
    this.context = context;
    this.page = page;
  }

  holds(fact) {
    this.facts += 1;
    console.log(`ok ${this.facts} - ${fact}`);
  }

  async says(selector, text) {
    await this.page.waitForFunction(
      ([selector, text]) => document.querySelector(selector)?.textContent === text,
      [selector, text],
    ).catch(async () => {
      const said = await this.page.textContent(selector);
      assert.fail(`${selector} should say ${JSON.stringify(text)}, says ${JSON.stringify(said)}`);
    });
  }

  async pictureIsShown(selector, width) {
    await this.page.waitForFunction(
      ([selector, width]) => {
        const image = document.querySelector(selector);
        return image.complete && image.naturalWidth === width;
      },
      [selector, width],
    ).catch(() => assert.fail(`${selector} should show a picture ${width} pixels wide`));
  }

  watch() {
    const { page, wrongs, posts } = this;
    page.on("pageerror", (error) => wrongs.push(`page error: ${error}`));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) wrongs.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on("response", (response) => {
      if (response.status() !== 200) wrongs.push(`response ${response.status()}: ${response.url()}`);
    });
    page.on("request", (request) => {
      if (request.method() === "POST") posts.push(describePost(request));
    });
  }
}

/** What was sent; the body is read as JSON only where a test asks for it. */
function describePost(request) {
  return {
    path: new URL(request.url()).pathname,
    get fields() { return request.postDataJSON(); },
    token: request.headers()["x-xsrftoken"],
  };
}

/** A family's page is `family.html` with the family's name and its jQuery put in. */
async function serveThePages(context) {
  await context.route("**/legacy/*", async (route) => {
    const url = new URL(route.request().url());
    const name = url.pathname.split("/").at(-1);
    const folder = name in LIBRARIES ? `node_modules/${LIBRARIES[name]}/dist/jquery.js` : `pages/${name}`;
    const text = await readFile(join(HERE, folder), "utf8");
    const body = name === "family.html" ? fillIn(text, url.searchParams) : text;
    await route.fulfill({ contentType: TYPES[name.split(".").at(-1)], body });
  });
}

function fillIn(text, parameters) {
  return text.replaceAll("FAMILY", parameters.get("family")).replace("JQUERY", parameters.get("jquery"));
}
