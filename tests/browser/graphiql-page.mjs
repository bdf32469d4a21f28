/** GraphiQL as a person uses it: tabs, editors, the play button, the panels. */

const EDITORS = { query: ".graphiql-query-editor", variables: ".graphiql-editor-tool", response: ".graphiql-response" };
const ALL = process.platform === "darwin" ? "Meta+A" : "Control+A";
const TO_THE_END = process.platform === "darwin" ? "Meta+Shift+ArrowDown" : "Control+Shift+End";

export class GraphiQL {
  constructor(page) {
    this.page = page;
  }

  async open(baseUrl) {
    await this.page.goto(new URL("/graphql", baseUrl).href);
    await this.page.locator(`${EDITORS.query} .view-line`).first().waitFor();
  }

  tabs() {
    return this.page.getByRole("tab").allInnerTexts();
  }

  activeTab() {
    return this.page.locator('[role="tab"][aria-selected="true"]').innerText();
  }

  async showTab(name) {
    await this.page.getByRole("tab", { name, exact: true }).locator(".graphiql-tab-button").click();
    await this.until(async () => (await this.text("query")).includes(` ${name}`), `the editor shows ${name}`);
  }

  async until(isSo, what) {
    for (let tries = 0; tries < 100; tries++) {
      if (await isSo()) return;
      await this.page.waitForTimeout(50);
    }
    throw new Error(`never came true: ${what}`);
  }

  /** The lines an editor shows; our documents are short enough to be shown whole. */
  async text(editor) {
    const lines = this.page.locator(`${EDITORS[editor]} .view-line`);
    const placed = await lines.evaluateAll((nodes) =>
      nodes.map((node) => ({ top: Number.parseInt(node.style.top, 10), text: node.textContent })),
    );
    placed.sort((a, b) => a.top - b.top);
    return placed.map(({ text }) => text.replaceAll("\u00a0", " ")).join("\n");
  }

  async write(editor, text) {
    await this.page.locator(`${EDITORS[editor]} .view-lines`).first().click();
    await this.page.keyboard.press(ALL);
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press(TO_THE_END); // where the editor may have closed a bracket of its own accord
    await this.page.keyboard.press("Delete");
  }

  /** `input` in the variables that the editor shows; nothing as long as it shows a part of them, or none. */
  async input() {
    try {
      return JSON.parse(await this.text("variables")).input ?? {};
    } catch {
      return {};
    }
  }

  /** Change some of `input` in the variables of the active tab. */
  async changeInput(change) {
    let input = {};
    await this.until(async () => {
      input = await this.input();
      return Object.keys(change).every((name) => name in input);
    }, `the variables show ${Object.keys(change)}`);
    await this.write("variables", JSON.stringify({ input: { ...input, ...change } }));
  }

  /** Press play; gives the data of the response. */
  async run() {
    const answered = this.page.waitForResponse(
      (response) => response.request().method() === "POST" && response.url().endsWith("/graphql"),
    );
    await this.page.locator(".graphiql-execute-button").click();
    const result = await (await answered).json();
    if (result.errors !== undefined) throw new Error(`The response has errors: ${JSON.stringify(result.errors)}`);
    await this.page.locator(`${EDITORS.response} .view-line`, { hasText: "data" }).first().waitFor();
    return result.data;
  }

  panel(name) {
    return this.page.getByRole("region", { name, exact: true });
  }

  async showPanel(name) {
    await this.page.getByRole("button", { name: `Show ${name}`, exact: true }).click();
  }

  async openStep(label) {
    if (!(await this.panel("Account flow").isVisible())) await this.showPanel("Account flow");
    const name = this.page.locator("strong", { hasText: new RegExp(`^${label}$`) });
    await this.panel("Account flow").locator("button", { has: name }).click();
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: false });
  }
}
