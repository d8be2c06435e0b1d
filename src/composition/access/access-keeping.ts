import { PassingAdminLinks } from "../../admin/entry/passing-admin-links.ts";
import type { AdminLinks } from "../../auth/admin/admin-links.ts";
import type { KeptApiKeys } from "../../auth/keys/api-keys.ts";
import type { RevocationLog } from "../../auth/revocation.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { ApiKeysFile } from "../../storage/api-keys-file.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { FolderContent } from "../../storage/folder-content.ts";
import type { Database } from "../../storage/postgres/database.ts";
import { RevocationFile } from "../../storage/revocation-log.ts";
import { FolderSecrets } from "../../storage/secrets/folder-secrets.ts";
import { OwnSecrets, passingSecrets } from "../../storage/secrets/own-secrets.ts";

/** The longest wait for a command that changes the API keys at the same time: it blocks the event loop. */
const keysWaitMs = 50;

/** Where a server keeps secrets, revocations, API keys and links: in its data folder, or in the database of its cluster. */
export interface AccessKeeping extends AsyncDisposable {
  readonly secrets: OwnSecrets;
  /** Undefined for a server that keeps none. */
  readonly revocations: RevocationLog | undefined;
  /** Undefined likewise. */
  readonly apiKeys: KeptApiKeys | undefined;
  readonly links: AdminLinks;
  /** As `SignalingOptions.roomTokenSecret`. */
  readonly roomTokenSecret: Uint8Array<ArrayBuffer> | undefined;
  /** Secrets and revocations, as far as they are kept in the data folder. */
  readonly contents: readonly FolderContent[];
  /** Follows what other nodes change, once it is known who is to be told. Rejects with `StoreError`. */
  follow(): Promise<void>;
  /** As `Part.whyNotReady`. */
  whyNotReady(): string | undefined;
}

export interface AccessKeepingOptions {
  readonly dataFolder: DataFolder | undefined;
  /** The database that the server shares with others; undefined for none. */
  readonly database: Database | undefined;
  readonly clock: Clock;
}

/** Rejects with `StoreError`, `RevocationsUnreadable` or the system's error; nothing is left open then. */
export async function openAccessKeeping({ clock, dataFolder, database }: AccessKeepingOptions): Promise<AccessKeeping> {
  if (database !== undefined) return await keepInDatabase(database, clock);
  const secrets = dataFolder && new FolderSecrets(dataFolder.path);
  const revocations = dataFolder && new RevocationFile(dataFolder.path, clock);
  return {
    secrets: new OwnSecrets(secrets ?? passingSecrets),
    revocations,
    apiKeys: dataFolder && new ApiKeysFile(dataFolder.path, clock, { maxWaitMs: keysWaitMs, held: dataFolder }),
    links: new PassingAdminLinks(clock),
    roomTokenSecret: undefined,
    contents: [secrets, revocations].filter((content) => content !== undefined),
    follow: async () => {},
    whyNotReady: () => undefined,
    [Symbol.asyncDispose]: async () => revocations?.close(),
  };
}

async function keepInDatabase({ pool }: Database, clock: Clock): Promise<AccessKeeping> {
  // A server on its own does not load the module.
  const { openAccessTables } = await import("../../storage/postgres/access/access-tables.ts");
  const tables = await openAccessTables({ pool, clock });
  const secrets = new OwnSecrets(tables.secrets);
  return {
    secrets,
    revocations: tables.revocations,
    apiKeys: tables.apiKeys,
    links: tables.links,
    roomTokenSecret: secrets.rooms(),
    contents: [],
    follow: () => tables.follow(),
    whyNotReady: () => (tables.isCurrent ? undefined : "revocations and API keys cannot be read from the database"),
    [Symbol.asyncDispose]: () => tables.close(),
  };
}
