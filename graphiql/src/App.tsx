import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";

import { ACCOUNT_PLUGIN } from "./AccountPanel";
import { FIRST_STEPS } from "./accountFlow";
import { Companion } from "./Companion";
import { FILES_PLUGIN } from "./FilesPanel";
import { fetcher, rememberSchema } from "./fetcher";
import { OUTBOX_PLUGIN } from "./OutboxPanel";
import { hasOutbox } from "./outbox";
import { FilledVariables } from "./steps";
import { storage, storedActiveTab } from "./storage";

const PLUGINS = [ACCOUNT_PLUGIN, ...(hasOutbox ? [OUTBOX_PLUGIN] : []), FILES_PLUGIN, HISTORY_PLUGIN];
const TABS = FIRST_STEPS.map(({ query, variables }) => ({ query, variables }));
const FIRST = storedActiveTab() ?? { query: TABS[0]?.query ?? "", variables: TABS[0]?.variables ?? "" };

export function App() {
  return (
    <GraphiQL
      fetcher={fetcher}
      onSchemaChange={rememberSchema}
      schemaDescription
      inputValueDeprecation
      customScalarSchemas={{ Upload: {} }} // null in the variables; the file goes beside them
      storage={storage as never}
      defaultTabs={TABS}
      initialQuery={FIRST.query}
      initialVariables={FIRST.variables}
      defaultEditorToolsVisibility="variables"
      plugins={PLUGINS}
      visiblePlugin={ACCOUNT_PLUGIN}
    >
      <GraphiQL.Footer>
        <Companion />
      </GraphiQL.Footer>
      <FilledVariables />
    </GraphiQL>
  );
}
