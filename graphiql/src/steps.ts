import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";

import { type FactName, findStep, type Step } from "./accountFlow";
import { type Fact, flow } from "./flow";
import { isObject, type Json, valueAt, withValueAt } from "./json";

/** The step whose tab is active, if it is one. */
export function useActiveStep(): Step | undefined {
  return useGraphiQL(({ tabs, activeTabIndex }) => findStep(tabs[activeTabIndex]?.operationName));
}

/** Gives a function that shows a step's tab, made anew if it was closed. */
export function useOpenStep(): (step: Step) => void {
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL((state) => ({
    tabs: state.tabs,
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  return (step) => {
    const index = tabs.findIndex((tab) => tab.operationName === step.name);
    if (index >= 0) {
      // GraphiQL notes what is typed 100 ms later, which may be too late here.
      updateActiveTabValues({ variables: variableEditor?.getValue() ?? null });
      changeTab(index);
      return;
    }
    addTab();
    queryEditor?.setValue(step.query);
    variableEditor?.setValue(step.variables);
    updateActiveTabValues({ query: step.query, variables: step.variables, operationName: step.name });
  };
}

/** Fills what the flow has learned into the variables of the active tab; each news once, so typing wins. */
export function FilledVariables(): null {
  const { updateActiveTabValues } = useGraphiQLActions();
  const { facts } = flow.use();
  const { tabId, variableEditor } = useGraphiQL((state) => ({
    tabId: state.tabs[state.activeTabIndex]?.id,
    variableEditor: state.variableEditor,
  }));
  const step = useActiveStep();
  const filled = useRef(new Map<string, number>());

  useEffect(() => {
    if (step === undefined || tabId === undefined || variableEditor === undefined) return;
    const news = newsFor(step, tabId, facts, filled.current);
    const before = variableEditor.getValue();
    const after = withNews(before, step, news);
    if (after === null) return;
    for (const [name, fact] of news) filled.current.set(`${tabId} ${name}`, fact.version);
    if (after === before) return;
    variableEditor.setValue(after);
    updateActiveTabValues({ variables: after });
  }, [step, tabId, facts, variableEditor, updateActiveTabValues]);

  return null;
}

type News = [FactName, Fact][];

function newsFor(
  step: Step,
  tabId: string,
  facts: Partial<Record<FactName, Fact>>,
  filled: ReadonlyMap<string, number>,
): News {
  const known = Object.entries(facts) as News;
  return known.filter(
    ([name, { version }]) => name in step.facts && version > (filled.get(`${tabId} ${name}`) ?? 0),
  );
}

/** The variables with the news in them, or null when they are not JSON just now (someone is typing). */
function withNews(text: string, step: Step, news: News): string | null {
  let variables: Json;
  try {
    variables = JSON.parse(text.trim() === "" ? "{}" : text) as Json;
  } catch {
    return null;
  }
  if (!isObject(variables)) return null;
  const changed = news.filter(([name, { value }]) => valueAt(variables, step.facts[name] ?? []) !== value);
  if (changed.length === 0) return text;
  const filled = changed.reduce<Json>(
    (value, [name, fact]) => withValueAt(value, step.facts[name] ?? [], fact.value),
    variables,
  );
  return JSON.stringify(filled, null, 2);
}
