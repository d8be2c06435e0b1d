import { findServerOf } from "../../../composition/api/server-of-folder.ts";
import { openOrCreateStore, openStore, openStoreIfPresent } from "../../../composition/open-store.ts";
import type { CommandInput } from "../../command.ts";
import { type Offline, withDataFolder } from "../../offline.ts";
import { FolderDocuments } from "./folder-documents.ts";
import type { ReachedDocuments } from "./reached-documents.ts";
import { ServerDocuments } from "./server-documents.ts";

/** Runs `task` with the documents of the configured folder or database, and explains on standard error why it failed. */
export async function withDocuments(
  input: CommandInput,
  task: (documents: ReachedDocuments, folder: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, async (folder) => {
    const documents = serverOf(folder) ?? new FolderDocuments(await openStore(folder), folder);
    try {
      return await task(documents, folder);
    } finally {
      await documents.close();
    }
  });
}

/** Creates the folder and its database if they are missing. */
export async function reachOrCreate(folder: Offline): Promise<ReachedDocuments> {
  return serverOf(folder) ?? new FolderDocuments(await openOrCreateStore(folder), folder);
}

/** Undefined when the folder holds no documents. */
export async function reachIfPresent(folder: Offline): Promise<ReachedDocuments | undefined> {
  const server = serverOf(folder);
  if (server !== undefined) return server;
  const opened = await openStoreIfPresent(folder);
  return opened && new FolderDocuments(opened, folder);
}

/** Undefined for a database: servers follow what a command changes in it. */
function serverOf({ cluster, dataFolder }: Offline): ReachedDocuments | undefined {
  if (cluster !== undefined) return undefined;
  const server = findServerOf(dataFolder);
  return server && new ServerDocuments(server);
}
