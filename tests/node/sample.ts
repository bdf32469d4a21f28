// An SPA's sign-in, typed end to end by what graphql-codegen makes of schema/schema.graphql.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

import { graphql } from './generated/gql';
import type { ErrorCode, RequestErrorCode } from './generated/codes';

const LOGIN = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      account { id mobile name avatarUrl }
      errors { code message field ... on RateLimitedError { retryAfterSeconds } }
    }
  }
`);

interface Answer<D> { data: D; errors?: ReadonlyArray<{ message: string; extensions: { code: RequestErrorCode } }> }
interface Payload { errors: ReadonlyArray<{ code: ErrorCode; message: string }> }

export class Refused extends Error {
  constructor(readonly code: ErrorCode, message: string) { super(message); }
}
export class NotServed extends Error {
  constructor(readonly code: RequestErrorCode, message: string) { super(message); }
}

/** Narrow a payload to one that made what it promises, or throw its first refusal. */
export function assertOk<P extends Payload, K extends keyof P>(payload: P, made: K): NonNullable<P[K]> {
  const [error] = payload.errors;
  const value = payload[made];
  if (error) throw new Refused(error.code, error.message);
  if (value === null || value === undefined) throw new TypeError(`neither ${String(made)} nor errors`);
  return value;
}

async function ask<D, V>(document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
  const body = JSON.stringify({ query: print(document), variables });
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  const response = await fetch('/graphql', { method: 'POST', headers, body, credentials: 'same-origin' });
  const { data, errors } = (await response.json()) as Answer<D>;
  if (errors?.[0]) throw new NotServed(errors[0].extensions.code, errors[0].message);
  return data;
}

export const signIn = async (mobile: string, password: string): Promise<string> =>
  assertOk((await ask(LOGIN, { input: { mobile, password } })).login, 'account').name;
