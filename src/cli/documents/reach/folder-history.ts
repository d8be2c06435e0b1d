import * as Y from "yjs";
import type { OpenedStore } from "../../../composition/open-store.ts";
import { docAt, type HistoryDoc, openHistory } from "../../../documents/history/history-doc.ts";
import { keepVersion } from "../../../documents/history/keep-version.ts";
import { restoreUpdate } from "../../../documents/history/restore-update.ts";
import { logOf } from "../../../relay/import/prepare-import.ts";
import { storeAddition } from "../../../relay/import/store-addition.ts";
import type { Moment } from "../../../storage/history/history-store.ts";
import type { RestoreOrder, RestoreOutcome } from "./reached-documents.ts";

/** As `ReachedDocuments.readAt`, in a folder that no server uses. */
export async function readInFolder(
  name: string,
  moment: Moment,
  store: OpenedStore["store"],
): Promise<Uint8Array | "missing" | "unknown-moment"> {
  const found = await openMoment(name, moment, store);
  return typeof found === "string" ? found : Y.encodeStateAsUpdate(docAt(found));
}

/** As `ReachedDocuments.restore`, in a folder that no server uses. */
export async function restoreInFolder(
  name: string,
  { isDry, moment }: RestoreOrder,
  store: OpenedStore["store"],
): Promise<RestoreOutcome> {
  const found = await openMoment(name, moment, store);
  if (typeof found === "string") return found;
  const log = logOf(await store.load(name));
  const update = restoreUpdate(
    docAt(found, true),
    log.map((row) => row.update),
  );
  if (update === undefined) return "unchanged";
  if (isDry) return "restored";
  await keepVersion(name, store);
  await storeAddition(name, { update, log }, store);
  const sequence = (await store.info(name))?.sequence;
  const data = { sequence, restoredSequence: found.last.sequence };
  await store.webhooks.record({ type: "doc.restored", document: name, data });
  await store.durable();
  return "restored";
}

async function openMoment(
  name: string,
  moment: Moment,
  store: OpenedStore["store"],
): Promise<HistoryDoc | "missing" | "unknown-moment"> {
  const info = await store.info(name);
  if (info === undefined || info.deletedAt !== undefined) return "missing";
  const found = await store.history.moment(name, moment);
  if (found === undefined || found.kind === "unknown") return "unknown-moment";
  return openHistory(found, moment, Bun.zstdDecompressSync);
}
