import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { ignoreReaderGone, print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeUnknown } from "./documents.ts";
import type { ReachedDocuments } from "./reach/reached-documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"outcome" | "name">[] = [
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Deletes the named documents: their clients are disconnected, and nobody can open them. */
export function deleteDocuments(input: CommandInput): Promise<number> {
  const hint = "yurt documents undelete takes it back, yurt documents purge removes it for ever.";
  return changeEach(input, { outcome: "deleted", hint, change: (name, documents) => documents.delete(name) });
}

/** Takes the deletion of the named documents back. */
export function undeleteDocuments(input: CommandInput): Promise<number> {
  return changeEach(input, { outcome: "undeleted", change: (name, documents) => documents.undelete(name) });
}

/** Removes the named documents for ever: no byte of them stays in the data folder. */
export function purgeDocuments(input: CommandInput): Promise<number> {
  const hint = "Backups that were made before still have it.";
  return changeEach(input, {
    outcome: "purged",
    hint,
    prepare: (names, documents) => documents.preparePurge(names),
    change: (name, documents) => documents.purge(name),
  });
}

interface Change {
  readonly outcome: string;
  /** A sentence for people, after the list. */
  readonly hint?: string;
  /** Runs before the first change. */
  readonly prepare?: (names: Iterable<string>, documents: ReachedDocuments) => Promise<void>;
  /** Resolves with false if there is no such document. */
  readonly change: (name: string, documents: ReachedDocuments) => Promise<boolean>;
}

/** Changes one document after the other. A name that no document has does not keep the others from it. */
async function changeEach(input: CommandInput, { change, hint, outcome, prepare }: Change): Promise<number> {
  return withDocuments(input, async (documents, { complain }) => {
    const writer = new RowWriter(input, columns);
    const names = new Set(input.operands);
    let changed = 0;
    let missing = 0;
    await prepare?.(names, documents);
    for (const name of names) {
      if (await change(name, documents)) {
        changed += 1;
        await writer.write([{ outcome, name }]).catch(ignoreReaderGone);
        continue;
      }
      missing += 1;
      complain(await describeUnknown(name, allDocuments(documents)));
    }
    if (writer.isTable && changed > 0 && hint !== undefined)
      await print(input.stdout, `\n${hint}\n`).catch(ignoreReaderGone);
    return missing === 0 ? exitCodes.done : exitCodes.failed;
  });
}

async function* allDocuments(documents: ReachedDocuments) {
  yield* documents.pages({ prefix: "", isDeleted: false });
  yield* documents.pages({ prefix: "", isDeleted: true });
}
