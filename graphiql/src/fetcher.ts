/** Sends what GraphiQL runs: JSON, or a multipart request where files were chosen. The cookie signs it in. */

import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type DocumentNode, type GraphQLSchema, Kind, parse } from "graphql";

import { chosenFiles, fileKey, uploadPaths } from "./files";
import { learnFromRequest, learnFromResponse } from "./flow";
import { isObject, type Json, withValueAt } from "./json";
import { refreshOutbox } from "./outbox";

export const ENDPOINT = window.location.pathname;

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

let schema: GraphQLSchema | null = null;

export function rememberSchema(newest: GraphQLSchema): void {
  schema = newest;
}

export const fetcher: Fetcher = async (given, options) => {
  if (given.operationName === "IntrospectionQuery") return send(JSON.stringify(given), {});
  const document = parsed(given.query);
  const operationName = operationToRun(document, given.operationName);
  const params = { ...given, operationName };
  learnFromRequest(operationName, params.variables);
  const result = await send(bodyOf(params, document), headersOf(options?.headers));
  learnFromResponse(operationName, result);
  void refreshOutbox();
  return shortenPictures(result) as never;
};

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

/** GraphiQL learns the operation's name 100 ms after a tab was changed; until then it gives the other tab's. */
function operationToRun(document: DocumentNode | undefined, given: string | null | undefined): string | null {
  const operations = document?.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION) ?? [];
  const names = operations.map(({ name }) => name?.value ?? null);
  return names.includes(given ?? null) ? (given ?? null) : (names[0] ?? null);
}

function headersOf(typed: unknown): Record<string, string> {
  if (!isObject(typed)) return {};
  return Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, String(value)]));
}

async function send(body: string | FormData, headers: Record<string, string>): Promise<never> {
  const json = typeof body === "string" ? { "Content-Type": "application/json" } : {};
  const response = await fetch(ENDPOINT, {
    method: "POST",
    credentials: "same-origin",
    headers: { Accept: ACCEPT, ...json, ...headers },
    body,
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as never;
  } catch {
    throw new Error(`The server answered ${response.status} with something that is not JSON: ${text.slice(0, 200)}`);
  }
}

function bodyOf(params: FetcherParams, document: DocumentNode | undefined): string | FormData {
  const files = uploadPaths(document, params.operationName, schema)
    .map((path) => ({ path, file: chosenFiles.get()[fileKey(params.operationName, path)] }))
    .filter((chosen): chosen is { path: string[]; file: File } => chosen.file !== undefined);
  return files.length === 0 ? JSON.stringify(params) : multipart(params, files);
}

/** See the GraphQL multipart request specification: `operations`, then `map`, then the files. */
function multipart(params: FetcherParams, files: { path: string[]; file: File }[]): FormData {
  const variables = files.reduce<Json>(
    (value, { path }) => withValueAt(value, path, null),
    (params.variables ?? {}) as Json,
  );
  const form = new FormData();
  form.append("operations", JSON.stringify({ ...params, variables }));
  form.append("map", JSON.stringify(Object.fromEntries(files.map(({ path }, n) => [n, [`variables.${path.join(".")}`]]))));
  files.forEach(({ file }, n) => form.append(String(n), file));
  return form;
}

const SHOWN_CHARACTERS = 40;

/** A picture as text would push the rest of the response out of sight; the picture itself is shown below it. */
function shortenPictures(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortenPictures);
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortenPictures(inner)]));
  }
  if (typeof value !== "string" || !value.startsWith("data:image/") || value.length < 200) return value;
  return `${value.slice(0, SHOWN_CHARACTERS)}… (shortened here, ${value.length} characters)`;
}
