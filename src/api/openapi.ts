import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Parameters } from "./parameters.ts";
import { type ProblemCode, problemKinds, problemType } from "./problems.ts";
import type { Answer, Route } from "./route.ts";

type Json = Readonly<Record<string, unknown>>;

/** The problems that every route has. */
const commonProblems: readonly ProblemCode[] = ["rate-limited", "internal-error", "stopping"];
const authorizedProblems: readonly ProblemCode[] = ["unauthorized", "forbidden", "authorization-unavailable"];
const documentProblems: readonly ProblemCode[] = [
  ...(["invalid-request", "not-found", "document-deleted", "storage-unavailable"] as const),
];
const bodyProblems: readonly ProblemCode[] = ["body-too-large", "unsupported-media-type", "overloaded"];

const idempotencyProblems: readonly ProblemCode[] = [
  "invalid-request",
  "idempotency-key-in-use",
  "idempotency-key-reused",
];

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  description: "A name of the request: one that is repeated with it is answered as the first time, and not done again",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const textOf = (description: string) => v.pipe(v.string(), v.description(description));

const faultSchema = v.object({
  pointer: textOf("A JSON Pointer into the body, or the name of a parameter or header; `path`: the path of the URL"),
  detail: textOf("The reason, for people"),
});
const problemSchema = v.object({
  type: textOf("The code as a URN"),
  title: textOf("The meaning of the code"),
  status: v.pipe(v.number(), v.integer(), v.description("The HTTP status")),
  detail: textOf("The error and its remedy, for people"),
  code: v.pipe(
    v.picklist(problemCodes()),
    v.description("One of the codes above, which do not change between releases"),
  ),
  denial: v.optional(textOf("With `unauthorized`: why, as a code of access denials")),
  errors: v.optional(v.array(faultSchema)),
  requestId: textOf("The id of the request, which the log has if the server failed"),
});

/** Describes routes in OpenAPI 3.1. A schema with a title becomes a component of that name. */
export function describeRoutes(routes: readonly Route[], version: string): Json {
  const components = new Map<string, Json>([["Problem", jsonSchemaOf(problemSchema)]]);
  const paths = Map.groupBy(routes, ({ path }) => path);
  const described = Array.from(paths, ([path, methods]) => [
    path,
    Object.fromEntries(methods.map((route) => [route.method, operationOf(route, components)])),
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Yurt",
      version,
      description: "Documents and administration of a Yjs server over HTTP. The reference is docs/http-api.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ bearer: [] }, {}],
    paths: Object.fromEntries(described),
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "An API key, a room token or an administrator's token.",
        },
      },
      schemas: Object.fromEntries(components),
    },
  };
}

function operationOf(route: Route, components: Map<string, Json>): Json {
  const { answers, body, description, headers, id, needs, pathParameters, query, summary, tag, takesIdempotencyKey } =
    route;
  const scope = needs === undefined ? [] : [`Needs the scope ${needs}.`];
  const parameters = [
    ...Array.from(route.path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => pathParameterOf(name, pathParameters)),
    ...Object.entries(query ?? {}).map(([name, parameter]) => queryParameterOf(name, parameter)),
    ...Object.entries(headers ?? {}).map(([name, text]) => ({
      ...{ name, in: "header", description: text, schema: { type: "string" } },
    })),
    ...(takesIdempotencyKey === true ? [idempotencyKey] : []),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [...(description === undefined ? [] : [description]), ...scope].join(" "),
    ...(parameters.length > 0 && { parameters }),
    ...(needs === undefined ? { security: [] } : { "x-scope": needs }),
    ...(body !== undefined && {
      requestBody: {
        description: body.description,
        required: true,
        content: contentOf(body.types, body.schema, components),
      },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, found]) => [status, answerOf(found, components)])),
      ...problemsOf(route),
    },
  };
}

function pathParameterOf(name: string, descriptions: Readonly<Record<string, string>> | undefined): Json {
  const description =
    name === "doc" ? "The name of the document, percent-encoded: / as %2F" : (descriptions?.[name] ?? name);
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

function queryParameterOf(name: string, { description, isRequired, schema }: Parameters[string]): Json {
  return { name, in: "query", description, ...(isRequired === true && { required: true }), schema };
}

function answerOf({ description, headers, json, type }: Answer, components: Map<string, Json>): Json {
  const types = type === undefined ? (json === undefined ? [] : ["application/json"]) : [type];
  return {
    description,
    ...(headers !== undefined && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: "string" } }]),
      ),
    }),
    ...(types.length > 0 && { content: contentOf(types, json, components) }),
  };
}

function contentOf(types: readonly string[], schema: v.GenericSchema | undefined, components: Map<string, Json>): Json {
  const described = schema === undefined ? {} : { schema: refOf(schema, components) };
  return Object.fromEntries((types.length === 0 ? ["*/*"] : types).map((type) => [type, described]));
}

function refOf(schema: v.GenericSchema, components: Map<string, Json>): Json {
  const title = v.getTitle(schema);
  if (title === undefined) return jsonSchemaOf(schema);
  if (!components.has(title)) components.set(title, jsonSchemaOf(schema));
  return { $ref: `#/components/schemas/${title}` };
}

function problemsOf(route: Route): Json {
  const codes = new Set<ProblemCode>([
    ...commonProblems,
    ...(route.needs === undefined ? [] : authorizedProblems),
    ...(route.needs === "docs:write" ? (["read-only"] as const) : []),
    ...(route.path.includes("{doc}") ? documentProblems : []),
    ...(route.query === undefined ? [] : (["invalid-request"] as const)),
    ...(route.body === undefined ? [] : bodyProblems),
    ...(route.body?.schema === undefined ? [] : (["malformed-json", "invalid-request"] as const)),
    ...(route.takesIdempotencyKey === true ? idempotencyProblems : []),
    ...(route.problems ?? []),
  ]);
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status);
  const content = { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } };
  return Object.fromEntries(
    Array.from(byStatus, ([status, found]) => [
      status,
      { description: found.map((code) => `\`${code}\`: ${problemKinds[code].title}`).join(". "), content },
    ]),
  );
}

function jsonSchemaOf(schema: v.GenericSchema): Json {
  // A check in code cannot be expressed, and is left out.
  const { $schema, title, ...described } = toJsonSchema(schema, { errorMode: "ignore", typeMode: "input" });
  return described;
}

function problemCodes(): readonly ProblemCode[] {
  // Object.keys forgets the literal types.
  return Object.keys(problemKinds) as readonly ProblemCode[];
}
