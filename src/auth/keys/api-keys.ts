import { createHash } from "node:crypto";

/** The scopes of API keys, lowest first: read; also write; also list deleted documents, delete, restore and administer. */
export const scopes = ["docs:read", "docs:write", "docs:admin"] as const;

export type Scope = (typeof scopes)[number];

/** Whether `granted` includes `needed`: each scope includes those before it. */
export function includesScope(granted: Scope, needed: Scope): boolean {
  return scopes.indexOf(granted) >= scopes.indexOf(needed);
}

/** An API key as the server keeps it: without the text that is the key. */
export interface ApiKey {
  readonly id: string;
  /** The name that its owner has given it. No two keys have the same. */
  readonly name: string;
  readonly scope: Scope;
  /** The key is for documents whose names begin with this text; empty for all. */
  readonly prefix: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** The API keys that a server accepts. */
export interface ApiKeys {
  /**
   * The key that this text is; undefined for a text that is no key, or one that was revoked. It sees keys at once that
   * another process on the data folder has created or revoked, and within a second those of another node. Throws if the keys
   * cannot be read.
   */
  find(text: string): ApiKey | undefined;
}

/** A key that is to be made. */
export interface ApiKeyOrder {
  readonly name: string;
  readonly scope: Scope;
  readonly prefix: string;
}

/** A key that has just been made. `text` is shown once: only its hash is kept. */
export interface MadeApiKey {
  readonly key: ApiKey;
  readonly text: string;
}

/**
 * The API keys of a server, for administrators. All methods throw, or reject, if the keys cannot be read or written:
 * `StoreError` if another program holds them, the disk is full, the data folder is lost, or the database cannot be reached.
 *
 * Keys that are kept in memory as well answer synchronously, and changes of a file do. A caller that does not need the
 * difference awaits the answer.
 */
export interface KeptApiKeys extends ApiKeys {
  /** All keys, in the order in which they were made. */
  list(): readonly ApiKey[];
  /** Makes a key; it is kept when this is answered. Throws `ApiKeyNameTaken` or `TooManyApiKeys`. */
  create(order: ApiKeyOrder): MadeApiKey | Promise<MadeApiKey>;
  /** Revokes the key with this name or id, at once and for ever. Returns it; undefined if there is none. */
  revoke(nameOrId: string): ApiKey | undefined | Promise<ApiKey | undefined>;
}

/** The most API keys that there may be. All of them are read at once. */
export const mostApiKeys = 10_000;
const keyBytes = 32;
const idBytes = 6;

/** A new key, with the hash by which it is kept. */
export function newApiKey(
  { name, prefix, scope }: ApiKeyOrder,
  createdAt: number,
): MadeApiKey & { readonly hash: string } {
  const text = apiKeyPrefix + randomText(keyBytes);
  return { key: { id: randomText(idBytes), name, scope, prefix, createdAt }, text, hash: apiKeyHash(text) };
}

/** SHA-256 of a key's text, in hexadecimal. A key has 256 random bits, so that a slow hash would protect nothing. */
export function apiKeyHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Another API key has this name. */
export class ApiKeyNameTaken extends Error {
  constructor() {
    super("Another API key has this name.");
    this.name = "ApiKeyNameTaken";
  }
}

/** There are as many API keys as may be. */
export class TooManyApiKeys extends Error {
  constructor(limit: number) {
    super(`There are ${limit} API keys, which is the most that there may be.`);
    this.name = "TooManyApiKeys";
  }
}

/** The beginning of every key, by which it is told from a token. */
export const apiKeyPrefix = "yk_";

function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: "base64url", omitPadding: true });
}
