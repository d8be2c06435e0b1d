import { closeReasons, SessionError } from "../transport/close-reason.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A message with its text, so that a message that is only forwarded need not be encoded again. */
export interface JsonMessage {
  /** Always valid JSON: clients parse what they receive without catching errors. */
  readonly text: string;
  readonly fields: JsonObject;
}

/** A frame exceeded a bound on its contents. It is refused alone, and counted under the name of the bound. */
export class BoundExceeded extends SessionError {
  readonly bound: "json-depth" | "topics-per-frame";

  constructor(bound: BoundExceeded["bound"], detail: string) {
    super(closeReasons.malformedFrame, detail);
    this.name = "BoundExceeded";
    this.bound = bound;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a JSON object from a text or a binary frame. Throws `SessionError` (malformed-frame). */
export function decodeJson(frame: string | Uint8Array, jsonDepth: number): JsonMessage {
  const text = typeof frame === "string" ? frame : decodeText(frame);
  const fields = parse(text);
  if (!isObject(fields)) throw malformed("not a JSON object");
  checkDepth(fields, jsonDepth);
  return { text, fields };
}

/** Reads a JSON value of any type that is a part of a frame. Throws `SessionError` (malformed-frame). */
export function decodeJsonValue(text: string, jsonDepth: number): unknown {
  const value = parse(text);
  if (typeof value === "object" && value !== null) checkDepth(value, jsonDepth);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function malformed(detail: string): SessionError {
  return new SessionError(closeReasons.malformedFrame, detail);
}

function decodeText(frame: Uint8Array): string {
  try {
    return utf8.decode(frame);
  } catch {
    throw malformed("not JSON");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("not JSON");
  }
}

function checkDepth(value: object, jsonDepth: number): void {
  if (!isNestedWithin(jsonDepth, value))
    throw new BoundExceeded("json-depth", `limits.json-depth: nested deeper than ${jsonDepth}`);
}

function isNestedWithin(levels: number, value: object): boolean {
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((element) => !holdsMore(element) || isNestedWithin(levels - 1, element));
  // A parsed object has no inherited members.
  for (const name in value) {
    const member: unknown = (value as JsonObject)[name];
    if (holdsMore(member) && !isNestedWithin(levels - 1, member)) return false;
  }
  return true;
}

function holdsMore(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
