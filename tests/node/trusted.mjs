// Trusted documents with the real Apollo Client. First the manifest of what it will send is written:
//
//   node trusted.mjs manifest manifest.json
//
// then, against a server that was started with GATEWAY_TRUSTED_DOCUMENTS=manifest.json, the mode `only` and
// GATEWAY_LIMITS_SCALE=20, the account flow is run by hashes alone, and a document that is not in the manifest is refused:
//
//   node trusted.mjs run http://127.0.0.1:8000 var/outbox.jsonl
import { ApolloLink } from '@apollo/client';
import { print } from 'graphql';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { of } from 'rxjs';

import { runAccountFlow } from './account-flow.mjs';
import { ask, hashOf, makeApollo, makeApolloClient } from './apollo.mjs';
import { makeBrowserFetch } from './browser-fetch.mjs';
import * as documents from './documents.mjs';

/** What Apollo Client makes of the documents (it adds `__typename`), in the format of Apollo's own tool. */
async function writeManifest(path) {
  const operations = [];
  const capture = new ApolloLink(({ query, operationName }) => {
    const body = print(query);
    const { operation: type } = query.definitions[0];
    operations.push({ id: hashOf(body), body, name: operationName, type });
    return of({ data: {} });
  });
  const { UNKNOWN_FIELD, ...known } = documents;
  for (const document of Object.values(known)) await ask(makeApolloClient(capture), document, {});
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
  await writeFile(path, JSON.stringify(manifest, null, 2));
  console.log(`${operations.length} trusted documents`);
}

async function run(base, outbox) {
  const browser = makeBrowserFetch();
  const url = new URL('/graphql', base).href;
  const client = { ...makeApollo(url, browser), codeOfUnknownDocument: 'DOCUMENT_NOT_TRUSTED' };
  await runAccountFlow(client, makeApollo(url, makeBrowserFetch()), { origin: base, outbox });
  const texts = browser.sent.map(({ url, body }) => (body instanceof FormData ? body.get('operations') : (body ?? url)));
  assert.ok(texts.every((text) => !/"query":|[?&]query=/.test(text)), 'a text was sent');
  assert.ok(texts.every((text) => text.includes('sha256Hash')), 'a hash was not sent');
  console.log(`Apollo by trusted documents alone, ${browser.sent.length} requests`);
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'manifest' && rest.length === 1) await writeManifest(rest[0]);
else if (command === 'run' && rest.length === 2) await run(...rest);
else {
  console.error('usage: node trusted.mjs manifest <path>   or   node trusted.mjs run <base URL> <path of outbox.jsonl>');
  process.exit(2);
}
