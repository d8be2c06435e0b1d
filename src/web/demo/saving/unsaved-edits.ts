import * as Y from "yjs";

/** The clocks of one client from `start` to `end` (exclusive) that were inserted or deleted. */
interface Span {
  readonly kind: "inserted" | "deleted";
  readonly client: number;
  readonly start: number;
  readonly end: number;
}

interface Edit {
  readonly isRestored: boolean;
  spans: readonly Span[];
}

/**
 * The edits of this window that the server has not acknowledged.
 *
 * The server sends an update back to its sender once the update is stored, even if it knew it already. The returned updates
 * may be divided differently from those that were sent (a reconnect sends everything in one update), so edits are compared
 * by the clocks that they contain.
 */
export class UnsavedEdits {
  #edits: Edit[] = [];

  /** The number of unsaved edits that were made since the page was opened. */
  get count(): number {
    return this.#edits.filter((edit) => !edit.isRestored).length;
  }

  /** True when the browser has restored edits that are not known to be on the server. */
  get hasRestored(): boolean {
    return this.#edits.some((edit) => edit.isRestored);
  }

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** Records an update that was made in this window. */
  edited(update: Uint8Array): void {
    this.#add(update, false);
  }

  /** Records an update that the browser kept from an earlier visit. It is not known yet whether the server has it. */
  restored(update: Uint8Array): void {
    this.#add(update, true);
  }

  /** Takes an update from the server as saved: the server stores before it sends. */
  acknowledged(update: Uint8Array): void {
    if (this.isEmpty) return;
    const saved = new Spans(spansOf(update));
    this.#keep((span) => saved.leftOf(span));
  }

  /** Reads the SyncStep2 that answers the server's state vector: the server has all inserted clocks that it leaves out. */
  answered(update: Uint8Array): void {
    if (this.isEmpty) return;
    const lacking = new Spans(spansOf(update));
    this.#keep((span) => lacking.sharedWith(span));
  }

  #add(update: Uint8Array, isRestored: boolean): void {
    const spans = spansOf(update);
    if (spans.length > 0) this.#edits.push({ isRestored, spans });
  }

  #keep(rest: (span: Span) => readonly Span[]): void {
    for (const edit of this.#edits) edit.spans = edit.spans.flatMap(rest);
    this.#edits = this.#edits.filter((edit) => edit.spans.length > 0);
  }
}

/** Spans grouped by kind and client: a span is compared only with those of its own group. */
class Spans {
  readonly #groups = new Map<string, Span[]>();

  constructor(spans: readonly Span[]) {
    for (const span of spans) {
      const group = this.#groups.get(groupOf(span));
      if (group === undefined) this.#groups.set(groupOf(span), [span]);
      else group.push(span);
    }
  }

  /** The parts of `span` that are not among these. */
  leftOf(span: Span): readonly Span[] {
    let left: readonly Span[] = [span];
    for (const other of this.#groups.get(groupOf(span)) ?? []) left = left.flatMap((part) => without(part, other));
    return left;
  }

  /** The parts of `span` that are among these. */
  sharedWith(span: Span): readonly Span[] {
    return (this.#groups.get(groupOf(span)) ?? []).flatMap((other) => cut(span, other.start, other.end));
  }
}

function groupOf(span: Span): string {
  return `${span.kind} ${span.client}`;
}

function without(span: Span, other: Span): readonly Span[] {
  if (other.end <= span.start || other.start >= span.end) return [span];
  return [...cut(span, span.start, other.start), ...cut(span, other.end, span.end)];
}

function cut(span: Span, from: number, to: number): readonly Span[] {
  const start = Math.max(span.start, from);
  const end = Math.min(span.end, to);
  return start < end ? [{ ...span, start, end }] : [];
}

function spansOf(update: Uint8Array): readonly Span[] {
  const { structs, ds } = Y.decodeUpdate(update);
  const spans: Span[] = [];
  for (const struct of structs) {
    // A Skip marks a gap and brings nothing.
    if (!(struct instanceof Y.Skip)) append(spans, "inserted", struct.id.client, struct.id.clock, struct.length);
  }
  for (const [client, ranges] of ds.clients) {
    for (const range of ranges) append(spans, "deleted", client, range.clock, range.len);
  }
  return spans;
}

/** Extends the last span or adds a new one: a text can be thousands of consecutive structs. */
function append(spans: Span[], kind: Span["kind"], client: number, start: number, length: number): void {
  const last = spans.at(-1);
  const end = start + length;
  if (last?.kind === kind && last.client === client && last.end === start) spans[spans.length - 1] = { ...last, end };
  else if (length > 0) spans.push({ kind, client, start, end });
}
