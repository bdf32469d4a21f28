/** The development outbox: what would have been drawn in a picture or sent to a phone. */

import { Store } from "./store";

export interface CaptchaEntry {
  readonly kind: "captcha";
  readonly id: string;
  readonly text: string;
  readonly at: string;
}

export interface SmsEntry {
  readonly kind: "sms";
  readonly mobile: string;
  readonly purpose: string;
  readonly code: string;
  readonly text: string;
  readonly at: string;
}

export type OutboxEntry = CaptchaEntry | SmsEntry;

interface Outbox {
  /** Newest first. */
  readonly entries: readonly OutboxEntry[];
  readonly problem: string | null;
}

export const outbox = new Store<Outbox>({ entries: [], problem: null });

export const hasOutbox = document.getElementById("graphiql")?.dataset["outbox"] === "on";

export async function refreshOutbox(): Promise<void> {
  if (!hasOutbox) return;
  try {
    const response = await fetch(`${window.location.pathname}/outbox`, { credentials: "same-origin" });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const entries = (await response.json()) as OutboxEntry[];
    outbox.set({ entries: entries.toReversed(), problem: null });
  } catch (error) {
    outbox.set({ problem: `The outbox could not be read: ${error instanceof Error ? error.message : error}` });
  }
}
