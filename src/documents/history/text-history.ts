import * as Y from "yjs";
import { EditRefused } from "../edits/content/edit-refused.ts";
import { openRoot } from "../edits/content/root-type.ts";
import { embedCharacter } from "../edits/content/text-view.ts";
import type { Origin, Origins } from "./origins.ts";

/** A part of a text with one origin. */
export interface TextPart {
  /** Embedded objects are one U+FFFC each. */
  readonly text: string;
  readonly user: string | null;
  /** RFC 3339; null if unknown. */
  readonly at: string | null;
}

/** A part of the difference of two texts. */
export interface DiffPart extends Partial<Omit<TextPart, "text">> {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** The parts of a text with the users who wrote them. */
export function blame(doc: Y.Doc, root: string, origins: Origins): readonly TextPart[] {
  const parts: TextPart[] = [];
  for (const { item, text } of itemsOf(textOf(doc, root))) {
    if (item.deleted) continue;
    for (const part of splitByOrigin({ item, text }, origins)) {
      const last = parts.at(-1);
      if (last?.user === part.user && last.at === part.at)
        parts[parts.length - 1] = { ...last, text: last.text + part.text };
      else parts.push(part);
    }
  }
  return parts;
}

/**
 * The difference between a text at two moments, with the users who wrote or deleted its parts. `former` is the
 * document at the earlier moment, and keeps deleted content; `later` is the update of the later one.
 */
export function diffText(
  former: Y.Doc,
  later: Uint8Array,
  { root, inserted, deleted }: { readonly root: string; readonly inserted: Origins; readonly deleted: Origins },
): readonly DiffPart[] {
  const before = Y.snapshot(former);
  Y.applyUpdate(former, later);
  // Yjs joins items again at the end of a transaction, across the boundaries.
  return former.transact((transaction) => {
    splitAtBoundaries(transaction, before);
    return diffParts(textOf(former, root), before, { inserted, deleted });
  });
}

/** Splits the items of a document, so that each of them is in a snapshot as a whole or not at all. */
function splitAtBoundaries(transaction: Y.Transaction, { ds, sv }: Y.Snapshot): void {
  const { store } = transaction.doc;
  for (const [client, clock] of sv)
    if (clock < Y.getState(store, client)) Y.getItemCleanStart(transaction, Y.createID(client, clock));
  Y.iterateDeletedStructs(transaction, ds, () => {});
}

function diffParts(
  text: Y.Text,
  before: Y.Snapshot,
  { inserted, deleted }: { readonly inserted: Origins; readonly deleted: Origins },
): readonly DiffPart[] {
  const parts: DiffPart[] = [];
  for (const item of itemsOf(text)) {
    const kind = changeOf(item.item, before);
    if (kind === "same") push(parts, { kind, text: item.text });
    else if (kind !== undefined) {
      const origins = kind === "added" ? inserted : deleted;
      for (const part of splitByOrigin(item, origins)) push(parts, { ...part, kind });
    }
  }
  return parts;
}

/** The change of an item since a snapshot; undefined if it is in neither. */
function changeOf(item: Y.Item, before: Y.Snapshot): DiffPart["kind"] | undefined {
  if (isIn(item, before)) return item.deleted ? "removed" : "same";
  return item.deleted ? undefined : "added";
}

function push(parts: DiffPart[], part: DiffPart): void {
  const last = parts.at(-1);
  const isSame = last !== undefined && last.kind === part.kind && last.user === part.user && last.at === part.at;
  if (isSame) parts[parts.length - 1] = { ...last, text: last.text + part.text };
  else parts.push(part);
}

interface TextItem {
  readonly item: Y.Item;
  readonly text: string;
}

function* itemsOf(text: Y.Text): Generator<TextItem> {
  for (let item = text._start; item !== null; item = item.right) {
    if (!item.countable) continue;
    const { content } = item;
    if (content instanceof Y.ContentString) yield { item, text: content.str };
    // Content that was deleted before is gone.
    else if (!(content instanceof Y.ContentDeleted)) yield { item, text: embedCharacter.repeat(item.length) };
  }
}

function* splitAt({ item, text }: TextItem, origins: Origins): Generator<{ origin: Origin | undefined; text: string }> {
  const { client, clock } = item.id;
  const end = clock + item.length;
  for (let start = clock; start < end; ) {
    const found = origins.at(client, start, end);
    yield { origin: found.origin, text: text.slice(start - clock, found.end - clock) };
    start = found.end;
  }
}

function splitByOrigin(item: TextItem, origins: Origins): TextPart[] {
  return Array.from(splitAt(item, origins), ({ origin, text }) => ({
    text,
    user: origin?.user ?? null,
    at: origin === undefined || origin.second === 0 ? null : new Date(origin.second * 1_000).toISOString(),
  }));
}

function isIn({ id }: Y.Item, { sv, ds }: Y.Snapshot): boolean {
  return (sv.get(id.client) ?? 0) > id.clock && !Y.isDeleted(ds, id);
}

function textOf(doc: Y.Doc, name: string): Y.Text {
  const root = openRoot(doc, name);
  // The text may be empty at one of the moments.
  if (root === undefined) return doc.getText(name);
  if (root.kind === "text") return root.type;
  throw new EditRefused("root-type-mismatch", `The root ${name} is of the type ${root.kind}, and not a text.`);
}
