import { nextTurn } from "../../../lib/time/next-turn.ts";
import type { Connection } from "../connection.ts";

/** Folds the whole journal before a store closes, by parts. If that fails, the journal stays as it is. */
export async function foldAll(
  { journal, wal }: Pick<Connection, "journal" | "wal">,
  foldPart: () => boolean | Promise<boolean>,
): Promise<void> {
  if (journal.isEmpty) return;
  try {
    // The log starts from the beginning then, and needs no more space on the disk.
    await wal.checkpointFully();
    while (await foldPart()) await nextTurn();
  } catch {}
}
