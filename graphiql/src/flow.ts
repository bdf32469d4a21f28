/** What the flow has learned so far: from what was sent, what came back and what was clicked in the outbox. */

import { type FactName, findStep } from "./accountFlow";
import { isObject, valueAt } from "./json";
import { Store } from "./store";

export interface Fact {
  readonly value: string;
  /** Grows with every change: a tab takes a fact once, so that it does not undo what is typed afterwards. */
  readonly version: number;
}

export interface Captcha {
  readonly id: string;
  readonly image: string;
  readonly audioUrl: string | null;
}

interface Flow {
  readonly facts: Readonly<Partial<Record<FactName, Fact>>>;
  readonly captcha: Captcha | null;
  readonly avatarUrl: string | null;
  readonly outcomes: Readonly<Record<string, "done" | "refused">>;
  /** The code of each step's last refusal, of which there is none after a success. */
  readonly refusals: Readonly<Record<string, string>>;
}

export const flow = new Store<Flow>({ facts: {}, captcha: null, avatarUrl: null, outcomes: {}, refusals: {} });

const CHANGES_PASSWORD: ReadonlySet<string> = new Set(["ResetPassword", "NewPassword"]);

let version = 0;

export function learn(values: Partial<Record<FactName, string>>): void {
  const facts = { ...flow.get().facts };
  for (const [name, value] of Object.entries(values) as [FactName, string][]) {
    if (facts[name]?.value !== value) facts[name] = { value, version: ++version };
  }
  flow.set({ facts });
}

/** Learn from what is about to be sent: the mobile typed in one tab is the mobile of the next. */
export function learnFromRequest(operationName: string | null, variables: unknown): void {
  const step = findStep(operationName);
  if (step === undefined) return;
  const values: Partial<Record<FactName, string>> = {};
  for (const [name, path] of Object.entries(step.facts) as [FactName, readonly string[]][]) {
    const value = valueAt(variables, path);
    if (typeof value === "string" && value !== "") values[name] = value;
  }
  learn(values);
}

/** Learn from what has come back. */
export function learnFromResponse(operationName: string | null, result: unknown): void {
  const data = isObject(result) && isObject(result["data"]) ? result["data"] : {};
  const payloads = Object.values(data);
  for (const payload of payloads) learnFromPayload(payload);
  if (findStep(operationName) === undefined || operationName === null) return;
  const isDone = isObject(result) && !("errors" in result) && payloads.every((payload) => !hasErrors(payload));
  flow.set({ outcomes: { ...flow.get().outcomes, [operationName]: isDone ? "done" : "refused" } });
  const { [operationName]: _ofTheTryBefore, ...refusals } = flow.get().refusals;
  const code = payloads.map(codeOf).find((code) => code !== undefined);
  flow.set({ refusals: code === undefined ? refusals : { ...refusals, [operationName]: code } });
  if (operationName === "SmsCode") captchaIsSpent(isDone);
  if (operationName === "SignOut" && isDone) flow.set({ avatarUrl: null });
  const newPassword = flow.get().facts.newPassword?.value;
  if (isDone && newPassword !== undefined && CHANGES_PASSWORD.has(operationName)) learn({ password: newPassword });
}

function captchaIsSpent(isDone: boolean): void {
  flow.set({ captcha: null });
  if (isDone) learn({ smsCode: "" });
}

function hasErrors(payload: unknown): boolean {
  const errors = valueAt(payload, ["errors"]);
  return Array.isArray(errors) && errors.length > 0;
}

function codeOf(payload: unknown): string | undefined {
  const errors = valueAt(payload, ["errors"]);
  const code = Array.isArray(errors) ? valueAt(errors[0], ["code"]) : undefined;
  return typeof code === "string" ? code : undefined;
}

function learnFromPayload(payload: unknown): void {
  const captcha = valueAt(payload, ["captcha"]);
  const id = valueAt(captcha, ["id"]);
  const image = valueAt(captcha, ["image"]);
  if (typeof image === "string" && image.startsWith("data:image/")) {
    const audioUrl = valueAt(captcha, ["audioUrl"]);
    const captchaId = typeof id === "string" ? id : "";
    const { SmsCode: _ofThePreviousCaptcha, ...outcomes } = flow.get().outcomes;
    const { SmsCode: _ofItsText, ...refusals } = flow.get().refusals;
    flow.set({ outcomes, refusals, captcha: { id: captchaId, image, audioUrl: typeof audioUrl === "string" ? audioUrl : null } });
    learn({ captchaId, captchaText: "" });
  }
  const sessions = valueAt(payload, ["sessions"]);
  const other = Array.isArray(sessions) ? sessions.find((session) => valueAt(session, ["isCurrent"]) === false) : undefined;
  const sessionId = valueAt(other, ["id"]);
  if (typeof sessionId === "string") learn({ sessionId });
  for (const account of [payload, valueAt(payload, ["account"])]) {
    const avatarUrl = valueAt(account, ["avatarUrl"]);
    if (typeof avatarUrl === "string") flow.set({ avatarUrl });
  }
}
