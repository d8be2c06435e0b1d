import type { AutomaticVersion, HistoryStore, StoredVersion } from "../../storage/history/history-store.ts";

/** Makes the present state of a document an automatic version, unless one is there already. Rejects with `StoreError`. */
export type KeepVersion = (document: string) => Promise<void>;

export interface KeptVersions {
  readonly history: HistoryStore;
  /** How long the history of the document with this name is kept, in milliseconds; 0: it has none. */
  readonly keepMs: (document: string) => number;
}

/** The shortest time between two kept states, because a program may replace a document repeatedly. */
const apartMs = 60_000;

/** Keeps the state before an edit that may change the whole document, so that one can return to it. */
export function versionsBeforeEdits({ history, keepMs }: KeptVersions): KeepVersion {
  return async (document) => {
    if (keepMs(document) > 0) await keepVersion(document, { history, apartMs });
  };
}

/** As `KeepVersion`. States that are less than `apartMs` after the last version are not kept. */
export async function keepVersion(
  document: string,
  { apartMs: least = 0, history }: { readonly history: HistoryStore; readonly apartMs?: number },
): Promise<void> {
  const present = await presentVersion(document, history);
  if (present === undefined) return;
  const [newest] = await history.versions(document, { limit: 1 });
  if (newest !== undefined && (newest.sequence >= present.sequence || present.at - newest.at < least)) return;
  await history.putVersion(document, automatic(present));
}

/** The present state, and the users who have changed the document since the last version; undefined if there is no document. */
export async function presentVersion(document: string, history: HistoryStore): Promise<AutomaticVersion | undefined> {
  const progress = await history.progress(document);
  if (progress === undefined) return undefined;
  const { tail, users } = progress;
  const last = tail.at(-1);
  const present = last === undefined ? progress.last : { sequence: last.row, at: last.at ?? 0 };
  const found = present ?? (await lastWithoutHistory(document, history));
  return found && { ...found, users: [...new Set([...users, ...tail.flatMap(({ user }) => user ?? [])])] };
}

/** A stored version that was made without a request. */
export function automatic(version: AutomaticVersion): StoredVersion {
  return { ...version, number: 0, name: undefined, createdBy: undefined };
}

/** The last update of a document that has only its base, without a history. */
async function lastWithoutHistory(document: string, history: HistoryStore) {
  const stored = await history.moment(document, { sequence: Number.MAX_SAFE_INTEGER });
  return stored?.kind === "updates" ? stored.last : undefined;
}
