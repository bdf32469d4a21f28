/** A browser page that reaches one origin only, and remembers everything that went wrong on it. */

import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens a browser; gives its page, the list of what goes wrong (it grows), and a function that closes it. */
export async function openWatchedPage(baseUrl, { colorScheme = "light" } = {}) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme, locale: "en-GB" });
  const page = await context.newPage();
  const wrongs = [];
  await reachOnly(context, new URL(baseUrl).origin, wrongs);
  await reportPolicyViolations(context, wrongs);
  watchNetwork(page, wrongs);
  page.on("pageerror", (error) => wrongs.push(`page error: ${error.stack}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrongs.push(`console ${message.type()}: ${message.text()}`);
  });
  return { page, wrongs, close: () => browser.close() };
}

async function reachOnly(context, origin, wrongs) {
  await context.route(
    (url) => url.protocol.startsWith("http") && url.origin !== origin,
    (route) => {
      wrongs.push(`request to another host: ${route.request().url()}`);
      return route.abort("blockedbyclient");
    },
  );
}

async function reportPolicyViolations(context, wrongs) {
  await context.exposeFunction("reportPolicyViolation", (violation) => wrongs.push(`policy violation: ${violation}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
      window.reportPolicyViolation([effectiveDirective, blockedURI, sourceFile, lineNumber, sample].join(" "));
    });
  });
}

function watchNetwork(page, wrongs) {
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // Monaco ends a worker whose settings change, be its script still loading, and starts another.
    if (reason === "net::ERR_ABORTED" && request.url().includes(".worker-")) return;
    wrongs.push(`failed request: ${request.url()} ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) wrongs.push(`response ${response.status()}: ${response.url()}`);
  });
}
