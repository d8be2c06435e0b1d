import type { AdminLinks } from "../../auth/admin/admin-links.ts";
import type { KeptApiKeys } from "../../auth/keys/api-keys.ts";
import { systemClock } from "../../lib/time/clock.ts";
import { ApiKeysFile } from "../../storage/api-keys-file.ts";
import { FolderSecrets } from "../../storage/secrets/folder-secrets.ts";
import { OwnSecrets } from "../../storage/secrets/own-secrets.ts";
import { connectToCluster } from "../cluster/open-cluster-database.ts";
import { clusterKeys } from "../settings/cluster/cluster-options.ts";
import { clusterOptionsOf } from "../settings/cluster/cluster-settings.ts";
import type { SettingValues } from "../settings/settings.ts";

/** The settings that `openCommandAccess` reads. */
export const accessPlaceKeys = ["data", ...clusterKeys] as const;

/** The access control of a server, for a command beside it: secrets, API keys and links. */
export interface CommandAccess extends AsyncDisposable {
  readonly secrets: OwnSecrets;
  readonly apiKeys: KeptApiKeys;
  /** Undefined without a cluster: the links of a server on its own are in its memory. */
  readonly links: AdminLinks | undefined;
  readonly place: AccessPlace;
}

/** Where secrets and API keys are kept, for people. */
export interface AccessPlace {
  /** `the data folder ./data` */
  readonly name: string;
  /** `./data/secrets.json` */
  readonly secrets: string;
  /** How to have a command use the place of the server: `the data folder of the server (--data)` */
  readonly remedy: string;
}

/** Rejects with `StoreError` if the database of the cluster cannot be used. */
export async function openCommandAccess(values: SettingValues): Promise<CommandAccess> {
  const cluster = clusterOptionsOf(values);
  const { data: dataFolder } = values;
  if (cluster === undefined) {
    return {
      secrets: new OwnSecrets(new FolderSecrets(dataFolder)),
      apiKeys: new ApiKeysFile(dataFolder, systemClock),
      links: undefined,
      place: {
        name: `the data folder ${dataFolder}`,
        secrets: `${dataFolder}/secrets.json`,
        remedy: "the data folder of the server (--data)",
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }
  await using opening = new AsyncDisposableStack();
  const database = opening.adopt(await connectToCluster(cluster), (connected) => connected.close());
  const { openCommandTables } = await import("../../storage/postgres/access/access-tables.ts");
  const { apiKeys, links, secrets } = await openCommandTables({ pool: database.pool, clock: systemClock });
  const name = `the database ${database.place}`;
  const opened = opening.move();
  return {
    secrets: new OwnSecrets(secrets),
    apiKeys,
    links,
    place: { name, secrets: name, remedy: "the database of the server (--cluster-url)" },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
