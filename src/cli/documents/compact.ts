import type { CompactionInput, Compactor } from "../../relay/compaction/compactor.ts";
import { startWorkerCompactor } from "../../relay/compaction/worker-compactor.ts";
import { historyInput } from "../../relay/history/history-input.ts";
import { packUpdates } from "../../relay/update/packed-updates.ts";
import { type Store, StoreError } from "../../storage/store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { withStore } from "../offline.ts";
import { formatName, ignoreReaderGone } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeUnknown, documentPages } from "./documents.ts";

const columns: readonly ListColumn<"before" | "after" | "name">[] = [
  { key: "before", title: "BEFORE", kind: "bytes" },
  { key: "after", title: "AFTER", kind: "bytes" },
  { key: "name", title: "NAME", kind: "name" },
];

/**
 * Merges the update log of each named document into one snapshot, of every document if none is named, and prints the
 * bytes before and after. A document that cannot be compacted is left unchanged, and the others are compacted.
 */
export async function compactDocuments(input: CommandInput): Promise<number> {
  return withStore(input, async (store, { complain, historyKeepMs, keepsDeleted }) => {
    const writer = new RowWriter(input, columns);
    const compactor = startWorkerCompactor();
    let failures = 0;
    try {
      for await (const name of namesOf(input.operands, store)) {
        const outcome = await compactDocument(
          { name, keepsDeleted: keepsDeleted(name), keepsHistory: historyKeepMs(name) > 0 },
          store,
          compactor,
        );
        if ("error" in outcome) {
          complain(outcome.error);
          failures += 1;
        } else await writer.write([{ ...outcome, name }]).catch(ignoreReaderGone);
      }
    } finally {
      await compactor.close();
    }
    return failures === 0 ? exitCodes.done : exitCodes.failed;
  });
}

async function* namesOf(operands: readonly string[], store: Store): AsyncGenerator<string> {
  if (operands.length > 0) {
    yield* new Set(operands);
    return;
  }
  for await (const page of documentPages(store)) yield* page.map(({ name }) => name);
}

/** The bytes before and after, or why the document is unchanged. */
type Outcome = { readonly before: number; readonly after: number } | { readonly error: string };

interface Compacting extends Pick<CompactionInput, "keepsDeleted"> {
  readonly name: string;
  readonly keepsHistory: boolean;
}

/** Throws the errors that concern the whole store, such as a full disk. */
async function compactDocument(
  { name, keepsDeleted, keepsHistory }: Compacting,
  store: Store,
  compactor: Compactor,
): Promise<Outcome> {
  try {
    const stored = await store.load(name);
    if (stored === undefined) return { error: await describeUnknown(name, documentPages(store)) };
    const entries = stored.base === undefined ? stored.tail : [stored.base, ...stored.tail];
    const before = entries.reduce((sum, { update }) => sum + update.byteLength, 0);
    const isCompact = stored.base !== undefined && stored.tail.length === 0;
    if (isCompact) return { before, after: before };
    const rows = entries.map(({ row }) => row);
    const progress = keepsHistory ? await store.history?.progress(name) : undefined;
    const facts = { rows, tailCount: stored.tail.length, now: Date.now(), isFinal: true };
    const { base, summary, rejected, history } = await compactor.compact(() => ({
      ...packUpdates(entries.map(({ update }) => update)),
      keepsDeleted,
      history: historyInput(progress, facts),
    }));
    // Only a server may quarantine an update: it keeps clients from sending it again.
    if (rejected.length > 0) throw new StoreError("corrupt", `row ${entries[rejected[0] ?? 0]?.row} cannot be applied`);
    await store.compact(name, { base, summary, rows, quarantined: [], history });
    await store.durable();
    return { before, after: base.byteLength };
  } catch (error) {
    if (!(error instanceof Error) || (error instanceof StoreError && error.kind !== "corrupt")) throw error;
    return { error: `${formatName(name)} is left unchanged: ${error.message}.` };
  }
}
