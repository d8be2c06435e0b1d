import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "bun";
import * as Y from "yjs";

/** A real editing history as the updates of its writers, in the order of typing. */
export interface History {
  readonly updates: readonly Uint8Array[];
  /** The text that the last writer saw. */
  readonly text: string;
}

export type Patch = readonly [position: number, deleted: number, inserted: string];

interface Transaction {
  readonly patches: readonly Patch[];
  /** The writer, and the transactions that it had seen. Absent when there is one writer. */
  readonly agent?: number;
  readonly parents?: readonly number[];
}

const folder = new URL("../../../../shared/data/", import.meta.url);

/** Reads a history. Undefined when its data is not present: it does not come with the sources. */
export function readHistory(name: "automerge-paper" | "friendsforever", transactions: number): History | undefined {
  const read = readTransactions(name);
  return read === undefined ? undefined : replay(read.slice(0, transactions));
}

/** Reads the edits of a history of one writer. Undefined when its data is not present. */
export function readPatches(name: "automerge-paper", transactions: number): readonly Patch[] | undefined {
  return readTransactions(name)
    ?.slice(0, transactions)
    .flatMap(({ patches }) => patches);
}

function readTransactions(name: string): readonly Transaction[] | undefined {
  const file = new URL(`${name}.json.gz`, folder);
  if (!existsSync(file)) return undefined;
  return JSON.parse(new TextDecoder().decode(gunzipSync(readFileSync(file)))).txns;
}

/**
 * Replays the transactions. Each writer has its own document, which has seen exactly the transactions that the writer
 * had seen.
 */
function replay(transactions: readonly Transaction[]): History {
  const updates: Uint8Array[] = [];
  const seen: Set<number>[] = [];
  const docs = new Map<number, Y.Doc>();
  let text = "";
  transactions.forEach(({ patches, agent = 0, parents }, index) => {
    const doc = docs.get(agent) ?? writer(agent);
    docs.set(agent, doc);
    seen[agent] ??= new Set();
    receive(doc, seen[agent], { updates, transactions, parents: parents ?? [] });
    doc.once("update", (update: Uint8Array) => updates.push(update));
    doc.transact(() => {
      for (const patch of patches) edit(doc.getText("text"), patch);
    });
    seen[agent].add(index);
    text = doc.getText("text").toString();
  });
  return { updates, text };
}

function writer(agent: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 1_000_000_000 + agent;
  return doc;
}

interface Past {
  readonly updates: readonly Uint8Array[];
  readonly transactions: readonly Transaction[];
  readonly parents: readonly number[];
}

function receive(doc: Y.Doc, seen: Set<number>, { updates, transactions, parents }: Past): void {
  const missing: number[] = [];
  const waiting = [...parents];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    missing.push(index);
    waiting.push(...(transactions[index]?.parents ?? []));
  }
  for (const index of missing.sort((left, right) => left - right)) {
    const update = updates[index];
    if (update !== undefined) Y.applyUpdate(doc, update);
  }
}

function edit(text: Y.Text, [position, deleted, inserted]: Patch): void {
  if (deleted > 0) text.delete(position, deleted);
  if (inserted !== "") text.insert(position, inserted);
}
