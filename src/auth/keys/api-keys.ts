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
   * another process has created or revoked. Throws if the keys cannot be read.
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
 * The API keys of a server, for administrators. All methods throw if the keys cannot be read or written: `StoreError` if
 * another program holds them, the disk is full, or the data folder is lost.
 */
export interface KeptApiKeys extends ApiKeys {
  /** All keys, in the order in which they were made. */
  list(): readonly ApiKey[];
  /** Makes a key; it is on disk when this returns. Throws `ApiKeyNameTaken` or `TooManyApiKeys`. */
  create(order: ApiKeyOrder): MadeApiKey;
  /** Revokes the key with this name or id, at once and for ever. Returns it; undefined if there is none. */
  revoke(nameOrId: string): ApiKey | undefined;
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
