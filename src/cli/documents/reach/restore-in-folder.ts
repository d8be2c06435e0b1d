import { docAt, openHistory } from "../../../documents/history/history-doc.ts";
import { restoreUpdate } from "../../../documents/history/restore-update.ts";
import { logOf } from "../../../relay/import/prepare-import.ts";
import { storeAddition } from "../../../relay/import/store-addition.ts";
import type { Store } from "../../../storage/store.ts";
import type { RestoreOrder, RestoreOutcome } from "./reached-documents.ts";

/** As `ReachedDocuments.restore`, in a folder that no server uses. */
export async function restoreInFolder(
  name: string,
  { isDry, moment }: RestoreOrder,
  store: Store,
): Promise<RestoreOutcome> {
  const stored = await store.load(name);
  if (stored === undefined || stored.deletedAt !== undefined) return "missing";
  const found = await store.history?.moment(name, moment);
  if (found === undefined || found.kind === "unknown") return "unknown-moment";
  const log = logOf(stored);
  const former = docAt(openHistory(found, moment, Bun.zstdDecompressSync), true);
  const update = restoreUpdate(
    former,
    log.map((row) => row.update),
  );
  if (update === undefined) return "unchanged";
  if (isDry) return "restored";
  await storeAddition(name, { update, log }, store);
  await store.durable();
  return "restored";
}
