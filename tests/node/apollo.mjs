// Apollo Client with uploads, and hashes in the place of documents that the server knows.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { createHash } from 'node:crypto';

export const hashOf = (text) => createHash('sha256').update(text).digest('hex');

export const isQuery = (document) => document.trimStart().startsWith('query');

export function makeApollo(url, browser) {
  const client = makeApolloClient(new UploadHttpLink({ uri: url, fetch: browser.fetch }));
  return {
    name: 'Apollo',
    tokenDelivery: 'COOKIE',
    ask: (document, variables) => ask(client, document, variables),
    codesOf: (error) => (CombinedGraphQLErrors.is(error) ? error.errors.map((e) => e.extensions.code) : [String(error)]),
  };
}

/** A client whose hashed requests (queries by GET) end in `link`. */
export function makeApolloClient(link) {
  const hashes = new PersistedQueryLink({ sha256: hashOf, useGETForHashedQueries: true });
  return new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([hashes, link]),
    defaultOptions: { query: { fetchPolicy: 'no-cache' }, mutate: { fetchPolicy: 'no-cache' } },
  });
}

export async function ask(client, document, variables) {
  const parsed = gql(document);
  const { data } = isQuery(document)
    ? await client.query({ query: parsed, variables })
    : await client.mutate({ mutation: parsed, variables });
  return data;
}
