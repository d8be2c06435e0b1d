import { hmacSha1 } from "../../lib/crypto/hmac-sha1.ts";
import { md5 } from "../../lib/crypto/md5.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";

/** RFC 8489 §14.3. */
const maxUsernameBytes = 508;
/** The tolerance for a clock that is set back, and for another server with the same secret whose clock is ahead. */
const clockToleranceMs = 60_000;
const utf8 = new TextEncoder();
/** The first character of the user part of a credential for a client without a user. */
const anonymousMark = "~";

/** A time-limited name and its password (draft-uberti-behave-turn-rest-00), as browsers take them in `iceServers`. */
export interface TurnCredential {
  /** The expiry in epoch seconds, a colon, and the user. */
  readonly username: string;
  readonly credential: string;
}

/** The sender of a request that is signed with a valid credential. */
export interface TurnIdentity {
  readonly username: string;
  /** The part of the username behind the expiry: it stays the same from one credential to the next. */
  readonly user: string;
  readonly expiresAt: number;
  /** The key that signed the request, and signs the answer. */
  readonly key: Uint8Array;
}

export interface CredentialsOptions {
  /** At least one: the first signs new credentials, all verify. */
  readonly secrets: readonly string[];
  readonly realm: string;
  /** A credential that expires later than this from now is refused: no server of ours has issued it. */
  readonly maxTtlMs: number;
  readonly clock: Clock;
}

/** The credential of a user until `expiresAt`, which counts in whole seconds. Throws a RangeError for a user too long. */
export function mintCredential(options: {
  readonly secret: string;
  readonly user: string;
  readonly expiresAt: number;
}): TurnCredential {
  const username = `${Math.floor(options.expiresAt / 1_000)}:${options.user}`;
  if (bytesIn(username) > maxUsernameBytes) throw new RangeError("The user has too many bytes");
  return { username, credential: passwordOf(username, options.secret) };
}

/**
 * The user part of a credential for a client without a user. TURN counts such a client by the address that it sees,
 * because `/ice` may see the address of a proxy, which all clients share.
 */
export function anonymousUser(id: string): string {
  return anonymousMark + id;
}

export function isAnonymousUser(user: string): boolean {
  return user.startsWith(anonymousMark);
}

/** The key of long-term credentials (RFC 8489 §9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Uint8Array {
  return md5(`${username}:${realm}:${password}`);
}

/** Mints and verifies time-limited credentials. None is stored: the password is derived from username and secret. */
export class Credentials {
  readonly realm: string;
  readonly #options: CredentialsOptions;

  constructor(options: CredentialsOptions) {
    this.realm = options.realm;
    this.#options = options;
  }

  /** Throws a RangeError for a user too long. */
  mint(user: string, ttlMs: number): TurnCredential {
    const [secret = ""] = this.#options.secrets;
    return mintCredential({ secret, user, expiresAt: this.#options.clock.now() + ttlMs });
  }

  /**
   * The identity of a request's sender. Undefined if USERNAME or REALM are missing or wrong, if the credential expired
   * more than `graceMs` ago, or if none of the secrets has signed the request.
   */
  authenticate(message: StunMessage, graceMs = 0): TurnIdentity | undefined {
    const username = message.textOf(attributes.username);
    if (username === undefined || bytesIn(username) > maxUsernameBytes) return undefined;
    if (message.textOf(attributes.realm) !== this.realm) return undefined;
    const parsed = parseUsername(username);
    if (parsed === undefined || !this.#isCurrent(parsed.expiresAt, graceMs)) return undefined;
    for (const secret of this.#options.secrets) {
      const key = longTermKey(username, this.realm, passwordOf(username, secret));
      if (message.isSignedWith(key)) return { username, ...parsed, key };
    }
    return undefined;
  }

  /** Why `authenticate` has refused a sender, for the log. */
  faultOf(message: StunMessage): "expired" | "wrong" {
    const parsed = parseUsername(message.textOf(attributes.username) ?? "");
    return parsed !== undefined && parsed.expiresAt <= this.#options.clock.now() ? "expired" : "wrong";
  }

  #isCurrent(expiresAt: number, graceMs: number): boolean {
    const now = this.#options.clock.now();
    return now < expiresAt + graceMs && expiresAt <= now + this.#options.maxTtlMs + clockToleranceMs;
  }
}

function bytesIn(text: string): number {
  return utf8.encode(text).byteLength;
}

function passwordOf(username: string, secret: string): string {
  return hmacSha1(utf8.encode(secret), utf8.encode(username)).toBase64();
}

function parseUsername(username: string): { readonly user: string; readonly expiresAt: number } | undefined {
  const [, seconds, user] = /^(\d{1,12}):(.+)$/s.exec(username) ?? [];
  return seconds === undefined || user === undefined ? undefined : { user, expiresAt: Number(seconds) * 1_000 };
}
