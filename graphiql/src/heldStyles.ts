/**
 * Lets the editor run under `style-src 'self'`, without 'unsafe-inline'.
 *
 * Monaco, Radix and Framer Motion make `<style>` elements, and Monaco writes `style="…"` into HTML that it sets as a
 * whole; the policy blocks both. The object model for styles is not blocked: what a script could do anyway, it may.
 * So a `<style>` becomes an element that adopts a constructed style sheet, and a style attribute in HTML is held
 * under another name until the element is there, and set on it then. Whatever this does not catch, the policy does,
 * and the browser test fails on the report.
 */

class HeldStyle extends HTMLElement {
  readonly sheet = new CSSStyleSheet();
  type = "text/css";
  media = "all";
  #adoptedBy: DocumentOrShadowRoot | null = null;

  constructor() {
    super();
    const text = new MutationObserver(() => this.sheet.replaceSync(this.textContent));
    text.observe(this, { childList: true, characterData: true, subtree: true });
  }

  connectedCallback(): void {
    this.style.display = "none";
    if (this.textContent !== "") this.sheet.replaceSync(this.textContent); // at once, for who measures next
    this.#adoptedBy = this.getRootNode() as unknown as DocumentOrShadowRoot;
    this.#adoptedBy.adoptedStyleSheets = [...this.#adoptedBy.adoptedStyleSheets, this.sheet];
  }

  disconnectedCallback(): void {
    if (this.#adoptedBy === null) return;
    this.#adoptedBy.adoptedStyleSheets = this.#adoptedBy.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
    this.#adoptedBy = null;
  }
}

const HELD = "data-held-style";
const STYLE_ATTRIBUTE = /(<[a-z][^<>]*?\s)style=("[^"]*"|'[^']*')/gi;

function holdStyles(html: string): string {
  return html.includes("style=") ? html.replace(STYLE_ATTRIBUTE, `$1${HELD}=$2`) : html;
}

function setHeldStyles(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>(`[${HELD}]`)) {
    element.style.cssText = element.getAttribute(HELD) ?? "";
    element.removeAttribute(HELD);
  }
}

function holdStyleElements(): void {
  customElements.define("held-style", HeldStyle);
  const createElement = document.createElement.bind(document) as (name: string, options?: unknown) => HTMLElement;
  document.createElement = (name: string, options?: unknown) =>
    createElement(String(name).toLowerCase() === "style" ? "held-style" : name, options);
}

function holdInnerHtml(): void {
  const native = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML");
  if (native?.set === undefined) return;
  const setNative = native.set;
  Object.defineProperty(Element.prototype, "innerHTML", {
    ...native,
    set(this: Element, html: unknown) {
      setNative.call(this, holdStyles(String(html ?? "")));
      setHeldStyles(this instanceof HTMLTemplateElement ? this.content : this);
    },
  });
}

function holdAdjacentHtml(): void {
  const insertNative = Element.prototype.insertAdjacentHTML;
  Element.prototype.insertAdjacentHTML = function (position, html) {
    insertNative.call(this, position, holdStyles(String(html)));
    setHeldStyles(this.parentElement ?? this);
  };
}

holdStyleElements();
holdInnerHtml();
holdAdjacentHtml();
