import type { ReadOptions, Requests } from "../requests.ts";

/** The permissions of a key. Each includes those before it. */
export type ApiKeyScope = "docs:read" | "docs:write" | "docs:admin";

export interface ApiKeyOrder {
  /** 1 to 100 characters. No two keys have the same name. */
  readonly name: string;
  readonly scope: ApiKeyScope;
  /** The names of the key's documents begin with this text. Empty by default: all documents. */
  readonly prefix?: string | undefined;
}

export interface ApiKeyFacts {
  readonly id: string;
  readonly name: string;
  readonly scope: ApiKeyScope;
  /** Empty for all documents. */
  readonly prefix: string;
  readonly createdAt: string;
}

export interface CreatedApiKey extends ApiKeyFacts {
  /** The key. The server does not show it again. */
  readonly key: string;
}

/** The API keys of a server. They need an administrator's token: API keys are refused. */
export class ApiKeys {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** All keys, in the order in which they were created. */
  async list(options: ReadOptions = {}): Promise<readonly ApiKeyFacts[]> {
    const { items } = await this.#requests.json<{ items: ApiKeyFacts[] }>({ path: "/api-keys", ...options });
    return items;
  }

  /** Creates a key. Rejects with the code `api-key-exists` if another key has this name. */
  create(order: ApiKeyOrder): Promise<CreatedApiKey> {
    return this.#requests.json({ method: "POST", path: "/api-keys", body: order });
  }

  /** Revokes the key with this name or id. */
  async revoke(nameOrId: string): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: `/api-keys/${encodeURIComponent(nameOrId)}` });
  }
}
