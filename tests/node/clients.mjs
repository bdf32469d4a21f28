// Runs the whole account flow with the real Apollo Client, urql and graphql-request against a running server:
//
//   node clients.mjs http://127.0.0.1:8000 var/outbox.jsonl
//
// The server runs with GATEWAY_LIMITS_SCALE=20: one mobile gets several codes within a minute.
// Uploads are sent by the GraphQL multipart request specification; Apollo Client sends hashes of its documents
// (automatic persisted queries, queries over GET). Exits with 1 at the first thing that is not as it should be.
import { Client as UrqlClient, fetchExchange } from '@urql/core';
import { ClientError, GraphQLClient } from 'graphql-request';
import assert from 'node:assert/strict';

import { runAccountFlow } from './account-flow.mjs';
import { isQuery, makeApollo } from './apollo.mjs';
import { makeBrowserFetch } from './browser-fetch.mjs';

const [base, outbox] = process.argv.slice(2);
if (!base || !outbox) {
  console.error('usage: node clients.mjs <base URL> <path of outbox.jsonl>');
  process.exit(2);
}
const url = new URL('/graphql', base).href;

function makeUrql(url, browser) {
  const client = new UrqlClient({ url, fetch: browser.fetch, exchanges: [fetchExchange], preferGetMethod: false });
  return {
    name: 'urql',
    tokenDelivery: 'COOKIE',
    async ask(document, variables = {}) {
      const result = isQuery(document)
        ? await client.query(document, variables).toPromise()
        : await client.mutation(document, variables).toPromise();
      if (result.error) throw result.error;
      return result.data;
    },
    codesOf: (error) => error.graphQLErrors.map((e) => e.extensions.code),
  };
}

function makeGraphqlRequest(url, browser) {
  let token = null;
  const client = new GraphQLClient(url, {
    fetch: browser.fetch,
    headers: () => (token ? { authorization: `Bearer ${token}` } : {}),
  });
  return {
    name: 'graphql-request',
    tokenDelivery: 'BODY',
    useToken: (given) => {
      token = given;
    },
    // It left uploads to its users when it left multipart bodies out; this is what they write.
    ask: (document, variables) =>
      variables?.input?.image instanceof File
        ? upload(url, browser, token, document, variables.input.image)
        : client.request(document, variables),
    codesOf: (error) => (error instanceof ClientError ? error.response.errors.map((e) => e.extensions.code) : [String(error)]),
  };
}

async function upload(url, browser, token, query, file) {
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { input: { image: null } } }));
  form.set('map', JSON.stringify({ image: ['variables.input.image'] }));
  form.set('image', file);
  const headers = { authorization: `Bearer ${token}` };
  const response = await browser.fetch(url, { method: 'POST', body: form, headers });
  return (await response.json()).data;
}

/** Apollo Client asked by hash over GET first, was told that nobody knows it, and sent each text once. */
function checkHashes(browser) {
  const gets = browser.sent.filter((request) => request.method === 'GET' && request.url.startsWith(url));
  const ofMe = gets.filter((request) => request.url.includes('operationName=Me'));
  assert.ok(ofMe.length >= 3, 'Apollo Client asks by GET');
  const texts = ofMe.filter((request) => new URL(request.url).searchParams.has('query'));
  assert.ok(texts.length <= 1, 'the text is sent once at most');
  assert.ok(new URL(ofMe.at(-1).url).searchParams.get('extensions').includes('sha256Hash'));
}

for (const make of [makeApollo, makeUrql, makeGraphqlRequest]) {
  const browser = makeBrowserFetch();
  const client = make(url, browser);
  await runAccountFlow(client, make(url, makeBrowserFetch()), { origin: base, outbox });
  if (make === makeApollo) checkHashes(browser);
  console.log(`${client.name.padEnd(16)} the whole account flow, ${browser.sent.length} requests`);
}
