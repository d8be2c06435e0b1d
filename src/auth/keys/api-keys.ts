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

/** The beginning of every key, by which it is told from a token. */
export const apiKeyPrefix = "yk_";
