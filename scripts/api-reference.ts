import { type ProblemCode, problemKinds } from "../src/api/problems.ts";
import { startTestServer } from "../test/support/servers/start-test-server.ts";

export const apiReferencePath = "docs/api-reference.md";

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI description that a server of this source answers with. */
export async function servedDescription(): Promise<Json> {
  await using server = await startTestServer();
  const response = await fetch(`${server.url}/v1/openapi.json`);
  return Object(await response.json());
}

/** The page that lists all routes under `/v1` and all problem codes, from the description that the server itself gives. */
export function apiReference(description: Json): string {
  const operations = entriesOf(description["paths"]).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation: Object(operation),
    })),
  );
  const groups = Map.groupBy(operations, ({ operation }) => String(operation.tags[0]));
  const rows = operations.map(({ method, operation, path }) => {
    const heading = `${method} ${path}`;
    return [`[\`${heading}\`](#${anchorOf(heading)})`, operation.summary, scopeOf(operation)];
  });
  const sections = Array.from(groups, ([tag, found]) => {
    const routes = found.map(({ method, operation, path }) => routeSection(`${method} ${path}`, operation));
    return [`## ${tag}`, ...routes].join("\n\n");
  });
  const schemas = entriesOf(Object(description["components"]).schemas).map(([name, schema]) =>
    schemaSection(name, schema),
  );
  return `# API reference

<!-- Generated from the source by \`npm run reference\`: do not edit. -->

Every route under \`/v1\`, and \`/ice\`. [http-api.md](http-api.md#documents) explains access, conditions and events; a server has this
page as OpenAPI 3.1 at \`/v1/openapi.json\`.

${table(["route", "", "scope"], rows)}

${sections.join("\n\n")}

## Problems

Every route can be answered with \`rate-limited\`, \`stopping\` and \`internal-error\`, and every route with a scope with
\`unauthorized\`, \`forbidden\` and \`authorization-unavailable\`. [Problems](http-api.md#problems) describes their form.

${table(["code", "status", ""], problemRows())}

## Objects

${schemas.join("\n\n")}
`;
}

function problemRows(): readonly (readonly string[])[] {
  // Object.entries forgets the names.
  const kinds = Object.entries(problemKinds) as [ProblemCode, (typeof problemKinds)[ProblemCode]][];
  return kinds.map(([code, { status, title }]) => [`\`${code}\``, String(status), title]);
}

function routeSection(heading: string, operation: Json): string {
  const { description, parameters = [], requestBody, responses, summary } = operation;
  const own = Array.isArray(parameters) ? parameters.filter((each) => Object(each).name !== "doc") : [];
  const body = entriesOf(Object(Object(requestBody).content));
  const rows = [
    ...own.map((each) => parameterRow(Object(each))),
    ...body.map(([type, content]) => [`body`, `\`${type}\``, `${Object(requestBody).description}${linkTo(content)}`]),
  ];
  const paragraph = String(description).replace(/ ?Needs the scope \S+$/, "");
  return [
    `### ${heading}`,
    `${summary}. Scope: ${scopeOf(operation)}.`,
    ...(paragraph === "" ? [] : [paragraph]),
    ...(rows.length === 0 ? [] : [table(["request", "in", ""], rows)]),
    table(["status", ""], entriesOf(responses).flatMap(responseRow)),
  ].join("\n\n");
}

function parameterRow({ description, in: place, name, schema }: Json): readonly string[] {
  const { default: byDefault, enum: choices, maximum, minimum } = Object(schema);
  const facts = [
    ...(Array.isArray(choices) ? [choices.map((choice) => `\`${choice}\``).join(", ")] : []),
    ...(maximum === undefined || maximum > 1e12 ? [] : [`${minimum} to ${maximum}`]),
    ...(byDefault === undefined ? [] : [`default \`${byDefault}\``]),
  ];
  return [`\`${name}\``, String(place), [String(description), ...facts].join("; ")];
}

/** Those that every route has are described once. */
const common: readonly string[] = ["429", "500"];

function responseRow([status, response]: readonly [string, unknown]): readonly (readonly string[])[] {
  const { content, description, headers } = Object(response);
  const codes = Array.from(String(description).matchAll(/`([a-z-]+)`:/g), ([, code = ""]) => `\`${code}\``);
  const unusual = codes.filter((code) => !usual.includes(code));
  if (common.includes(status) || (codes.length > 0 && unusual.length === 0)) return [];
  if (codes.length > 0) return [[status, unusual.join(", ")]];
  const types = entriesOf(content);
  const shown = types.map(([type, described]) => (linkTo(described) === "" ? `: \`${type}\`` : linkTo(described)));
  const named = entriesOf(headers).map(([name]) => `\`${name}\``);
  return [[status, `${description}${shown.join("")}${named.length === 0 ? "" : `, with ${named.join(", ")}`}`]];
}

const usual: readonly string[] = ["unauthorized", "forbidden", "authorization-unavailable", "stopping"].map(
  (code) => `\`${code}\``,
);

function schemaSection(name: string, schema: unknown): string {
  const variants = variantsOf(Object(Object(schema).items));
  const tables = variants.length === 0 ? [memberRows(schema)] : variants.map((each) => memberRows(each));
  const shown = tables.filter((rows) => rows.length > 0).map((rows) => table(["member", "type", ""], rows));
  const { description } = Object(schema);
  return [
    `### ${name}`,
    ...(description === undefined ? [] : [`${description}.`]),
    ...(variants.length === 0 ? [] : ["An array; each member is one of these:"]),
    ...(shown.length === 0 ? [typeOf(Object(schema))] : shown),
  ].join("\n\n");
}

/** A row for each member, and for those of the objects in it. */
function memberRows(schema: unknown, prefix = ""): readonly (readonly string[])[] {
  const { properties, required = [] } = Object(schema);
  return entriesOf(properties).flatMap(([property, described]) => {
    const isRequired = Array.isArray(required) && required.includes(property);
    const { description = "", items } = Object(described);
    const text = `${isRequired ? "" : "optional. "}${description}`.trim();
    return [
      [`\`${prefix}${property}\``, typeOf(Object(described)), text],
      ...memberRows(described, `${prefix}${property}.`),
      ...memberRows(items, `${prefix}${property}[].`),
    ];
  });
}

function variantsOf({ anyOf, oneOf }: Json): readonly unknown[] {
  return [anyOf, oneOf].flatMap((variants) => (Array.isArray(variants) ? variants : []));
}

function typeOf(schema: Json): string {
  const { $ref, const: constant, enum: choices, format, items, type } = schema;
  if (typeof $ref === "string") return $ref.replace(/^.*\//, "");
  if (Array.isArray(choices))
    return choices.length > 8 ? "one of several texts" : choices.map((choice) => `\`${choice}\``).join(", ");
  if (constant !== undefined) return `\`${constant}\``;
  const variants = variantsOf(schema);
  if (variants.length > 0) return variants.map((each) => typeOf(Object(each))).join(" or ");
  if (type === "array") return `array of ${typeOf(Object(items))}`;
  return (
    [type, ...(format === undefined ? [] : [`(${format})`])].filter((word) => word !== undefined).join(" ") || "any"
  );
}

function linkTo(content: unknown): string {
  const name = String(Object(Object(content).schema).$ref ?? "").replace(/^.*\//, "");
  return name === "" ? "" : `: [${name}](#${name.toLowerCase()})`;
}

function scopeOf(operation: Json): string {
  return operation["x-scope"] === undefined ? "none" : `\`${operation["x-scope"]}\``;
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return Object.entries(Object(value));
}

function table(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(titles), `|${titles.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}
