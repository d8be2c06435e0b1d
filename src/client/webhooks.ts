import { base64, fromBase64 } from "./encoding.ts";

/** The headers of a request: those of `fetch`, or Node's object. */
export type RequestHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface SignedRequest {
  /** The body as it has arrived, byte by byte: not parsed and written again. */
  readonly body: string | Uint8Array;
  readonly headers: RequestHeaders;
}

export interface VerifyOptions {
  /** The secret of the webhook (`whsec_…`), or several while it is rotated. */
  readonly secret: string | readonly string[];
  /** How far the time of the request may be from now. 300 by default. */
  readonly toleranceSeconds?: number | undefined;
}

/** A message of a webhook. Unknown types may be added: ignore them, and answer with 200. */
export interface WebhookMessage {
  /** The same for every attempt of one message. */
  readonly id: string;
  /** A type such as `doc.updated`. */
  readonly type: string;
  /** When it happened, in the form of RFC 3339. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A request is not one of the server's. `code` says why. */
export class WebhookVerificationError extends Error {
  readonly code: "missing-header" | "too-old" | "bad-signature" | "malformed-body";

  constructor(code: WebhookVerificationError["code"], message: string) {
    super(message);
    this.name = "WebhookVerificationError";
    this.code = code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const secretPrefix = "whsec_";
const version = "v1";
const defaultToleranceSeconds = 300;

/**
 * Verifies that a request is one of the server's (Standard Webhooks 1.0), and returns its message.
 *
 * Rejects with `WebhookVerificationError`: answer with 401 then. An attempt that is repeated has the same `id`.
 */
export async function verifyWebhook(request: SignedRequest, options: VerifyOptions): Promise<WebhookMessage> {
  const { body, headers } = request;
  const { secret, toleranceSeconds = defaultToleranceSeconds } = options;
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  const ageSeconds = Math.abs(Date.now() / 1_000 - Number(timestamp));
  if (!(ageSeconds <= toleranceSeconds))
    throw new WebhookVerificationError("too-old", "The request is too old, or this machine's clock is wrong.");
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const signed = joined(encoder.encode(`${id}.${timestamp}.`), bytes);
  const expected = await Promise.all(
    (typeof secret === "string" ? [secret] : secret).map((each) => sign(signed, each)),
  );
  const isGenuine = signatures.split(" ").some((given) => expected.some((own) => isSame(given, `${version},${own}`)));
  if (!isGenuine) throw new WebhookVerificationError("bad-signature", "The request is not signed with the secret.");
  return messageIn(id, decoder.decode(bytes));
}

function messageIn(id: string, text: string): WebhookMessage {
  try {
    const { data, timestamp, type } = JSON.parse(text);
    return { id, type, timestamp, data };
  } catch {
    throw new WebhookVerificationError("malformed-body", "The body is not JSON.");
  }
}

function header(headers: RequestHeaders, name: string): string {
  const found = headers instanceof Headers ? headers.get(name) : headers[name];
  const value = typeof found === "object" && found !== null ? found[0] : found;
  if (value === undefined || value === null || value === "")
    throw new WebhookVerificationError("missing-header", `The request has no header ${name}.`);
  return value;
}

async function sign(bytes: Uint8Array, secret: string): Promise<string> {
  const key = fromBase64(secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const signingKey = await crypto.subtle.importKey("raw", asBuffer(key), algorithm, false, ["sign"]);
  return base64(new Uint8Array(await crypto.subtle.sign("HMAC", signingKey, asBuffer(bytes))));
}

/** The types of the platforms differ in whether bytes may be shared memory, which none of these is. */
function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.byteLength + other.byteLength);
  bytes.set(one);
  bytes.set(other, one.byteLength);
  return bytes;
}

/** Takes the same time wherever two texts of one length differ. */
function isSame(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
