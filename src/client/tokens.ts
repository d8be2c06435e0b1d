import { base64url } from "./encoding.ts";

export type Access = "read" | "write";

export interface TokenOrder {
  /** The secret that the server verifies tokens with (`auth.secret`): text of at least 32 bytes in UTF-8. */
  readonly secret: string;
  /** The access by document name or pattern: `{ "notes/7": "write", "news/**": "read" }`. */
  readonly rooms?: Readonly<Record<string, Access>> | undefined;
  /** The id of the user, which the server stores with what they write. */
  readonly user?: string | undefined;
  /** Whether the token is an administrator's. */
  readonly admin?: boolean | undefined;
  /** One hour by default. */
  readonly lifetimeSeconds?: number | undefined;
  /** The `iss` and `aud` that the server requires, if it does. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

const defaultLifetimeSeconds = 3_600;
const shortestSecretBytes = 32;
const encoder = new TextEncoder();

/**
 * Creates a token that the server accepts, signed with HS256. For back ends only: the secret can create any token.
 *
 * Rejects with `RangeError` if the secret is too short.
 */
export async function mintToken(order: TokenOrder): Promise<string> {
  const { admin, audience, issuer, lifetimeSeconds = defaultLifetimeSeconds, rooms = {}, secret, user } = order;
  const key = encoder.encode(secret);
  if (key.byteLength < shortestSecretBytes) throw new RangeError(`A secret needs ${shortestSecretBytes} bytes.`);
  // Exact to the millisecond: a token that is minted right after a revocation must not count as issued before it.
  const issuedAt = Date.now() / 1_000;
  const claims = {
    rooms: Object.fromEntries(Object.entries(rooms).map(([name, access]) => [name.normalize("NFC"), access])),
    admin: admin === true ? true : undefined,
    sub: user,
    iss: issuer,
    aud: audience,
    jti: crypto.randomUUID(),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  };
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const signingKey = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", signingKey, encoder.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

function encoded(value: unknown): string {
  return base64url(encoder.encode(JSON.stringify(value)));
}
