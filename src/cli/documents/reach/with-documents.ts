import { findServerOf } from "../../../composition/api/server-of-folder.ts";
import { openOrCreateStore, openStore, openStoreIfPresent } from "../../../composition/open-store.ts";
import type { CommandInput } from "../../command.ts";
import { type Offline, withDataFolder } from "../../offline.ts";
import { FolderDocuments } from "./folder-documents.ts";
import type { ReachedDocuments } from "./reached-documents.ts";
import { ServerDocuments } from "./server-documents.ts";

/** Runs `task` with the documents of the configured data folder, and explains on standard error why it failed. */
export async function withDocuments(
  input: CommandInput,
  task: (documents: ReachedDocuments, folder: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, async (folder) => {
    const documents = serverOf(folder) ?? new FolderDocuments(openStore(folder), folder);
    try {
      return await task(documents, folder);
    } finally {
      await documents.close();
    }
  });
}

/** Creates the folder and its database if they are missing. */
export function reachOrCreate(folder: Offline): ReachedDocuments {
  return serverOf(folder) ?? new FolderDocuments(openOrCreateStore(folder), folder);
}

/** Undefined when the folder holds no documents. */
export function reachIfPresent(folder: Offline): ReachedDocuments | undefined {
  const server = serverOf(folder);
  if (server !== undefined) return server;
  const opened = openStoreIfPresent(folder);
  return opened && new FolderDocuments(opened, folder);
}

function serverOf({ dataFolder }: Offline): ReachedDocuments | undefined {
  const server = findServerOf(dataFolder);
  return server && new ServerDocuments(server);
}
