import { Button, type GraphiQLPlugin } from "@graphiql/react";

import { STEPS } from "./accountFlow";
import { flow } from "./flow";
import { AccountIcon } from "./icons";
import { useActiveStep, useOpenStep } from "./steps";
import { forgetTyped } from "./storage";

function AccountPanel() {
  const openStep = useOpenStep();
  const active = useActiveStep();
  const { outcomes } = flow.use();
  return (
    <section aria-label="Account flow" className="gateway-panel">
      <h2>Account flow</h2>
      <p>
        One tab for each step: run it with the play button or Ctrl-Enter. What one step learns is filled into the
        variables of the next.
      </p>
      <ol className="gateway-steps">
        {STEPS.map((step) => (
          <li key={step.name} data-outcome={outcomes[step.name]}>
            <button
              type="button"
              aria-current={step === active ? "step" : undefined}
              onClick={() => openStep(step)}
            >
              <strong>{step.label}</strong>
              <span>{step.hint}</span>
            </button>
          </li>
        ))}
      </ol>
      <p className="gateway-hint">
        You are signed in by a cookie that scripts cannot read. What you type is forgotten when this browser tab is
        closed.
      </p>
      <Button type="button" onClick={startOver}>
        Start over with fresh tabs
      </Button>
    </section>
  );
}

function startOver(): void {
  // GraphiQL writes its tabs up to half a second late; once it has, they are forgotten.
  window.addEventListener("pagehide", forgetTyped);
  window.location.reload();
}

export const ACCOUNT_PLUGIN: GraphiQLPlugin = {
  title: "Account flow",
  icon: AccountIcon,
  content: AccountPanel,
};
