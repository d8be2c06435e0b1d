import type { Scope } from "../../../src/auth/keys/api-keys.ts";

export interface DescribedParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: Readonly<Record<string, unknown>>;
}

/** An operation of the API, as its OpenAPI description has it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With `{doc}`. */
  readonly path: string;
  /** Undefined for an operation that everyone may call. */
  readonly scope: Scope | undefined;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly DescribedParameter[];
  /** The media types of the body; none without one. */
  readonly bodyTypes: readonly string[];
  /** The schema of each status: that of its JSON, if it is JSON. */
  readonly responses: ReadonlyMap<number, Readonly<Record<string, unknown>> | undefined>;
}

/** The operations of a description. */
export function operationsOf(description: unknown): readonly Operation[] {
  return entriesOf(Object(description).paths).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]) => operationOf(path, method, Object(operation))),
  );
}

function operationOf(path: string, method: string, operation: Readonly<Record<string, unknown>>): Operation {
  const { operationId, parameters = [], requestBody, responses, summary, tags, "x-scope": scope } = operation;
  return {
    id: String(operationId),
    method: method.toUpperCase(),
    path,
    summary: String(summary),
    // The description is the server's own.
    scope: scope as Scope | undefined,
    tags: tags as readonly string[],
    parameters: parameters as readonly DescribedParameter[],
    bodyTypes: Object.keys(Object(Object(requestBody).content)),
    responses: new Map(
      entriesOf(responses).map(([status, response]) => [
        Number(status),
        Object(Object(Object(response).content)["application/json"]).schema,
      ]),
    ),
  };
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return Object.entries(Object(value));
}
