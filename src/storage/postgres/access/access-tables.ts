import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import type { SecretSource } from "../../secrets/own-secrets.ts";
import { translateErrors } from "../postgres-errors.ts";
import { AccessFeed } from "./access-feed.ts";
import { AdminLinkTable } from "./admin-link-table.ts";
import { ApiKeyTable } from "./api-key-table.ts";
import { openDatabaseSecrets } from "./database-secrets.ts";
import { RevocationTable } from "./revocation-table.ts";

export interface AccessTablesOptions {
  readonly pool: SQL;
  readonly clock: Clock;
}

/** The tables of access control in a database that nodes share. */
export interface AccessTables {
  readonly secrets: SecretSource;
  readonly revocations: RevocationTable;
  readonly apiKeys: ApiKeyTable;
  readonly links: AdminLinkTable;
  /** Whether the revocations and API keys were compared with those of the database within the last 5 s. */
  readonly isCurrent: boolean;
  /** Follows the changes of other nodes, until `close`. Rejects with `StoreError` if that is not possible. */
  follow(): Promise<void>;
  /** Does not close the connections. */
  close(): Promise<void>;
}

/** Reads secrets and API keys, for a command. Rejects with `StoreError`. */
export async function openCommandTables({
  clock,
  pool,
}: AccessTablesOptions): Promise<Pick<AccessTables, "secrets" | "apiKeys" | "links">> {
  const apiKeys = new ApiKeyTable({ pool, clock, changed: () => feed.changed() });
  const feed = new AccessFeed({ pool, clock, copies: [apiKeys] });
  return await translateErrors(async () => {
    await feed.refresh();
    return { secrets: await openDatabaseSecrets(pool), apiKeys, links: new AdminLinkTable(pool, clock) };
  });
}

/** Reads secrets, revocations and API keys. Rejects with `StoreError`. */
export async function openAccessTables({ clock, pool }: AccessTablesOptions): Promise<AccessTables> {
  const changed = () => feed.changed();
  const revocations = new RevocationTable({ pool, clock, changed });
  const apiKeys = new ApiKeyTable({ pool, clock, changed });
  const feed = new AccessFeed({ pool, clock, copies: [revocations, apiKeys] });
  return await translateErrors(async () => {
    const secrets = await openDatabaseSecrets(pool);
    await feed.refresh();
    return {
      secrets,
      revocations,
      apiKeys,
      links: new AdminLinkTable(pool, clock),
      get isCurrent() {
        return feed.isCurrent;
      },
      follow: () => translateErrors(() => feed.start()),
      close: () => feed.close(),
    };
  });
}
