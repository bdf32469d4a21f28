/** Below the response: what belongs to the active step and JSON cannot show, and the way to the next step. */

import { Button } from "@graphiql/react";
import { type FormEvent, useState } from "react";

import { findStep, mendOf, type Step, stepAfter } from "./accountFlow";
import { FilePickers } from "./FilesPanel";
import { type Captcha, flow, learn } from "./flow";
import { useOutboxEntry } from "./OutboxPanel";
import { type OutboxEntry, outbox, type SmsEntry } from "./outbox";
import { useActiveStep, useOpenStep } from "./steps";

export function Companion() {
  const step = useActiveStep();
  const { captcha, avatarUrl, outcomes, refusals, facts } = flow.use();
  const asksForSms = step !== undefined && "smsCode" in step.facts;
  const awaitsSms = asksForSms || (step?.name === "SmsCode" && outcomes["SmsCode"] === "done");
  const mend = mendOf(step && refusals[step.name]);
  const showsCaptcha = step?.name === "Captcha" || step?.name === "SmsCode";
  return (
    <div className="gateway-companion">
      {showsCaptcha && captcha !== null && (
        <CaptchaCard key={captcha.id} captcha={captcha} filledIn={facts.captchaText?.value} />
      )}
      <FilePickers />
      {(step?.name === "Me" || step?.name === "Avatar") && avatarUrl !== null && (
        <img className="gateway-avatar" src={avatarUrl} alt="The account's avatar" />
      )}
      {awaitsSms && <NewestSms filledIn={facts.smsCode?.value} />}
      {mend !== undefined && mend.step !== step?.name && <StepButton name={mend.step} text={mend.text} />}
      {step?.name === "SmsCode" && captcha === null && outcomes["SmsCode"] !== "done" && mend === undefined && (
        <StepButton name="Captcha" text="Ask for a new picture" />
      )}
      {step !== undefined && outcomes[step.name] === "done" && <NextStep step={step} />}
    </div>
  );
}

function CaptchaCard({ captcha, filledIn }: { captcha: Captcha; filledIn: string | undefined }) {
  const [text, setText] = useState("");
  const openStep = useOpenStep();
  const applyEntry = useOutboxEntry();
  const entry = outbox.use().entries.find((entry) => entry.kind === "captcha" && entry.id === captcha.id);
  const goOn = (event: FormEvent) => {
    event.preventDefault();
    learn({ captchaId: captcha.id, captchaText: text.trim() });
    const next = findStep("SmsCode");
    if (next !== undefined) openStep(next);
  };
  return (
    <div className="gateway-captcha">
      <img src={captcha.image} alt="Four characters to read" />
      <div>
        <form onSubmit={goOn}>
          <label>
            Text in the picture
            <input value={text} onChange={(event) => setText(event.target.value)} size={6} autoComplete="off" />
          </label>
          <Button type="submit">Fill in</Button>
        </form>
        {entry !== undefined && entry.text !== filledIn && <OutboxButton entry={entry} onApply={applyEntry} />}
        {captcha.audioUrl !== null && <audio controls preload="none" src={captcha.audioUrl} />}
      </div>
    </div>
  );
}

function NewestSms({ filledIn }: { filledIn: string | undefined }) {
  const entry = outbox.use().entries.find((entry): entry is SmsEntry => entry.kind === "sms" && entry.code !== "");
  const applyEntry = useOutboxEntry();
  return entry === undefined || entry.code === filledIn ? null : <OutboxButton entry={entry} onApply={applyEntry} />;
}

function OutboxButton({ entry, onApply }: { entry: OutboxEntry; onApply: (entry: OutboxEntry) => void }) {
  return (
    <Button type="button" onClick={() => onApply(entry)}>
      Fill in <code>{entry.kind === "captcha" ? entry.text : entry.code}</code> from the outbox
    </Button>
  );
}

function NextStep({ step }: { step: Step }) {
  const next = stepAfter(step);
  return next === undefined ? null : <StepButton name={next.name} text={`Next: ${next.label} →`} />;
}

function StepButton({ name, text }: { name: string; text: string }) {
  const openStep = useOpenStep();
  const step = findStep(name);
  if (step === undefined) return null;
  return (
    <Button type="button" className="gateway-next" onClick={() => openStep(step)}>
      {text}
    </Button>
  );
}
