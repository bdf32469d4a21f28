import { Button, type GraphiQLPlugin } from "@graphiql/react";
import { useEffect } from "react";

import { findStep, stepForPurpose } from "./accountFlow";
import { learn } from "./flow";
import { OutboxIcon } from "./icons";
import { type OutboxEntry, outbox, refreshOutbox } from "./outbox";
import { useOpenStep } from "./steps";

const REFRESHED_EVERY_MILLISECONDS = 3000;

/** Gives a function that takes an entry to the step that asks for it. */
export function useOutboxEntry(): (entry: OutboxEntry) => void {
  const openStep = useOpenStep();
  return (entry) => {
    // A notice has nothing to fill in.
    if (entry.kind === "sms" && entry.code === "") return;
    if (entry.kind === "captcha") learn({ captchaId: entry.id, captchaText: entry.text });
    else learn({ mobile: entry.mobile, smsCode: entry.code });
    const step = findStep(entry.kind === "captcha" ? "SmsCode" : stepForPurpose(entry.purpose));
    if (step !== undefined) openStep(step);
  };
}

function OutboxPanel() {
  const { entries, problem } = outbox.use();
  const applyEntry = useOutboxEntry();
  useEffect(() => {
    void refreshOutbox();
    const timer = setInterval(() => void refreshOutbox(), REFRESHED_EVERY_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section aria-label="Outbox" className="gateway-panel">
      <h2>Outbox</h2>
      <p>What would have been drawn into a picture or sent to a phone. A click fills it into the step that asks for it.</p>
      {problem !== null && (
        <p role="alert" className="gateway-problem">
          {problem}
        </p>
      )}
      {entries.length === 0 && problem === null && <p className="gateway-hint">Nothing has been sent yet.</p>}
      <ul className="gateway-outbox">
        {entries.map((entry) => (
          <li key={entry.kind === "captcha" ? entry.id : `${entry.at} ${entry.mobile} ${entry.code}`}>
            <button type="button" onClick={() => applyEntry(entry)}>
              <code>{entry.kind === "captcha" ? entry.text : entry.code || "notice"}</code>
              <span>
                {entry.kind === "captcha" ? "captcha" : `to ${entry.mobile}, ${entry.purpose}`}
                <time dateTime={entry.at}>{timeOfDay(entry.at)}</time>
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Button type="button" onClick={() => void refreshOutbox()}>
        Refresh
      </Button>
    </section>
  );
}

function timeOfDay(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.valueOf()) ? at : date.toLocaleTimeString();
}

export const OUTBOX_PLUGIN: GraphiQLPlugin = { title: "Outbox", icon: OutboxIcon, content: OutboxPanel };
