import type { SQL } from "bun";
import {
  type ApiKey,
  ApiKeyNameTaken,
  type ApiKeyOrder,
  apiKeyHash,
  type KeptApiKeys,
  type MadeApiKey,
  mostApiKeys,
  newApiKey,
  scopes,
  TooManyApiKeys,
} from "../../../auth/keys/api-keys.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { HashedApiKey } from "../../access/access-content.ts";
import { isOutcomeUnknown, repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { readOneState, transact } from "../transact.ts";
import { countChange, type TableCopy } from "./counted-table.ts";
import { answeredSoon } from "./deadline.ts";

export interface ApiKeyTableOptions {
  readonly pool: SQL;
  readonly clock: Pick<Clock, "now" | "after">;
  /** Called when a change is committed. */
  readonly changed: () => void;
}

interface KeyRow extends Omit<ApiKey, "scope"> {
  readonly scope: string;
  readonly hash: string;
}

/**
 * The API keys in a table that nodes share, hashed. Every node has all keys in memory: while the database is out of reach
 * they stay valid, and none is created or revoked.
 */
export class ApiKeyTable implements KeptApiKeys, TableCopy {
  readonly table = "api-keys";
  readonly #options: ApiKeyTableOptions;
  /** The keys by their hashes, in the order in which they were made. */
  #keys: ReadonlyMap<string, ApiKey> = new Map();
  /** The version of the table that the keys are those of; -1 if that is not known. */
  #version = -1;
  /** Counts the changes of this node: a reading that began before one lacks it. */
  #changes = 0;

  constructor(options: ApiKeyTableOptions) {
    this.#options = options;
  }

  find(text: string): ApiKey | undefined {
    return this.#keys.get(apiKeyHash(text));
  }

  list(): readonly ApiKey[] {
    return [...this.#keys.values()];
  }

  async create(order: ApiKeyOrder): Promise<MadeApiKey> {
    const { hash, key, text } = newApiKey(order, this.#options.clock.now());
    await this.#change(() => this.#insert(key, hash));
    this.#replace(new Map(this.#keys).set(hash, key));
    return { key, text };
  }

  async revoke(nameOrId: string): Promise<ApiKey | undefined> {
    const revoked = await this.#change(() => this.#delete(nameOrId));
    if (revoked === undefined) return undefined;
    this.#replace(new Map([...this.#keys].filter(([, { id }]) => id !== revoked.id)));
    return revoked;
  }

  get version(): number {
    return this.#version;
  }

  async distrust(): Promise<void> {
    this.#version = -1;
  }

  async refresh(version: number): Promise<void> {
    while (version !== this.#version) {
      const changes = this.#changes;
      const rows = await readOneState(this.#options.pool, readKeys);
      if (changes !== this.#changes) continue;
      this.#keys = new Map(rows.map(entryOf).filter((entry) => entry !== undefined));
      this.#version = version;
    }
  }

  #replace(keys: ReadonlyMap<string, ApiKey>): void {
    this.#changes += 1;
    this.#keys = keys;
    this.#options.changed();
  }

  #change<Result>(change: () => Promise<Result>): Promise<Result> {
    return answeredSoon(translateErrors(change), this.#options.clock);
  }

  async #insert({ createdAt, id, name, prefix, scope }: ApiKey, hash: string): Promise<void> {
    const insert = async (transaction: SQL) => {
      await countChange("api-keys", transaction);
      const [found] = await transaction<{ readonly count: number; readonly isTaken: boolean | null }[]>`
        SELECT count(*)::float8 AS count, bool_or(name = ${name}) AS "isTaken" FROM yurt_api_keys`;
      if (found?.isTaken === true) throw new ApiKeyNameTaken();
      if ((found?.count ?? 0) >= mostApiKeys) throw new TooManyApiKeys(mostApiKeys);
      await transaction`
        INSERT INTO yurt_api_keys (id, name, scope, prefix, created_at, hash)
        VALUES (${id}, ${name}, ${scope}, ${prefix}, ${createdAt}::bigint, ${hash})`;
    };
    const { pool } = this.#options;
    try {
      await transact(pool, insert);
    } catch (error) {
      if (!isOutcomeUnknown(error) || !(await repeatWhileBroken(() => transact(pool, (sql) => isKept(id, sql)))))
        throw error;
    }
  }

  async #delete(nameOrId: string): Promise<ApiKey | undefined> {
    const { pool } = this.#options;
    const rows = await readOneState(pool, readKeys);
    const found = rows.find(({ name }) => name === nameOrId) ?? rows.find(({ id }) => id === nameOrId);
    const entry = found && entryOf(found);
    if (entry === undefined) return undefined;
    const [, key] = entry;
    await repeatWhileBroken(() =>
      transact(pool, async (transaction) => {
        await countChange("api-keys", transaction);
        await transaction`DELETE FROM yurt_api_keys WHERE id = ${key.id}`;
      }),
    );
    return key;
  }
}

/** Waits for the transaction that inserts the key, if it still runs. */
async function isKept(id: string, transaction: SQL): Promise<boolean> {
  await countChange("api-keys", transaction);
  const found = await transaction`SELECT id FROM yurt_api_keys WHERE id = ${id}`;
  return found.length > 0;
}

/** All keys with a scope that this release knows, in the order in which they were made. */
export async function readApiKeys(sql: SQL): Promise<readonly HashedApiKey[]> {
  return (await readKeys(sql))
    .map(entryOf)
    .flatMap((entry) => (entry === undefined ? [] : [{ ...entry[1], hash: entry[0] }]));
}

async function readKeys(sql: SQL): Promise<readonly KeyRow[]> {
  return await sql<KeyRow[]>`
    SELECT id, name, scope, prefix, created_at::float8 AS "createdAt", hash FROM yurt_api_keys ORDER BY place`;
}

/** Undefined for a key with a scope of a later release, which allows nothing here. */
function entryOf({ hash, scope: text, ...row }: KeyRow): [hash: string, key: ApiKey] | undefined {
  const scope = scopes.find((known) => known === text);
  return scope && [hash, { ...row, scope }];
}
