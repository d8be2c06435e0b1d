import { createHash } from "node:crypto";

/** A link that signs in an administrator. */
export interface AdminLink {
  /** The secret part: 256 random bits in base64url. */
  readonly code: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Links for administrators that are valid once, within half an hour. Links of one process answer synchronously, those that
 * nodes share do not: `StoreError` if the database cannot be reached.
 */
export interface AdminLinks {
  create(): AdminLink | Promise<AdminLink>;
  /** Invalidates a link. False if there is none with this code: it was used, has expired, or was never created. */
  use(code: string): boolean | Promise<boolean>;
}

/** The lifetime of a link. */
export const linkLifetimeMs = 30 * 60_000;
const codeBytes = 32;

export function newLinkCode(): string {
  const random = crypto.getRandomValues(new Uint8Array(codeBytes));
  return random.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** SHA-256 in hexadecimal. A fast hash is enough, because a code has 256 random bits. */
export function linkCodeHash(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
