/** Which variables are uploads, and which file was chosen for each. */

import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  isScalarType,
  Kind,
  typeFromAST,
} from "graphql";

import { Store } from "./store";

export const chosenFiles = new Store<Record<string, File | undefined>>({});

/** The files chosen are kept by operation and variable, so that two tabs with an `image` do not share one. */
export function fileKey(operationName: string | null | undefined, path: readonly string[]): string {
  return `${operationName ?? ""}:${path.join(".")}`;
}

/** Paths of all `Upload`s in the variables of `operationName`, such as `["input", "image"]`. */
export function uploadPaths(
  document: DocumentNode | undefined,
  operationName: string | null | undefined,
  schema: GraphQLSchema | null | undefined,
): string[][] {
  if (document === undefined || schema === null || schema === undefined) return [];
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const operation = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return (operation?.variableDefinitions ?? []).flatMap(({ variable, type }) => {
    const variableType = typeFromAST(schema, type as never);
    return isInputType(variableType) ? pathsBelow(variableType, [variable.name.value]) : [];
  });
}

const DEEPEST = 5; // input types may contain themselves

function pathsBelow(type: GraphQLInputType, path: string[]): string[][] {
  const named = getNamedType(type);
  if (isScalarType(named)) return named.name === "Upload" ? [path] : [];
  if (!isInputObjectType(named) || path.length >= DEEPEST) return [];
  return Object.values(named.getFields()).flatMap((field) => pathsBelow(field.type, [...path, field.name]));
}
