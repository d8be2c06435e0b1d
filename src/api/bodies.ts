import * as v from "valibot";
import { Problem, type RequestFault } from "./problems.ts";

/** The body of a request: its type, its bound, and how it is read. */
export interface Body<T> {
  /** The media types, without parameters. An empty list takes every type. */
  readonly types: readonly string[];
  readonly description: string;
  /** Describes a body of JSON. */
  readonly schema?: v.GenericSchema | undefined;
  /** The most bytes; undefined for a body that is read as a stream, and bounded by its reader. */
  readonly maxBytes: (() => number) | undefined;
  /** Reads the bytes; throws `Problem`. */
  decode(bytes: Uint8Array): T;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A body of JSON that satisfies `schema`. */
export function jsonBody<T>(
  schema: v.GenericSchema<unknown, T>,
  { description, maxBytes, type = "application/json" }: BodyFacts & { readonly type?: string },
): Body<T> {
  return { types: [type], description, schema, maxBytes, decode: (bytes) => checked(schema, parseJson(bytes)) };
}

/** A body of JSON, or no body at all, for which `schema` reads `{}`. */
export function optionalJsonBody<T>(
  schema: v.GenericSchema<unknown, T>,
  { description, maxBytes }: BodyFacts,
): Body<T> {
  return {
    types: ["application/json"],
    description,
    schema,
    maxBytes,
    decode: (bytes) => checked(schema, bytes.byteLength === 0 ? {} : parseJson(bytes)),
  };
}

/** A body of bytes. */
export function bytesBody({ description, maxBytes }: BodyFacts): Body<Uint8Array> {
  return { types: ["application/octet-stream"], description, maxBytes, decode: (bytes) => bytes };
}

export interface BodyFacts {
  readonly description: string;
  readonly maxBytes: () => number;
}

/** Throws `Problem` unless the request names one of the types. */
export function refuseOtherType({ types }: Pick<Body<unknown>, "types">, request: Request): void {
  if (types.length === 0) return;
  const given = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (given !== undefined && types.includes(given)) return;
  // A request without a body has no type.
  if (given === undefined && request.body === null) return;
  throw new Problem("unsupported-media-type", `Send the body with Content-Type: ${types.join(" or ")}.`);
}

/** The value that `schema` makes of a JSON value; throws `Problem`. */
export function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new Problem("invalid-request", "The body does not have the form that this route expects.", {
    errors: result.issues.map(faultOf),
  });
}

/** Throws `Problem` for bytes that are not JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new Problem("malformed-json", "The body is not JSON in UTF-8.");
  }
}

function faultOf({ message, path }: v.BaseIssue<unknown>): RequestFault {
  const keys = (path ?? []).map(({ key }) => String(key).replaceAll("~", "~0").replaceAll("/", "~1"));
  return { pointer: keys.map((key) => `/${key}`).join(""), detail: message };
}
