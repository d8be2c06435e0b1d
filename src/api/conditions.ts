import { Problem } from "./problems.ts";

/**
 * Entity tags of documents are `"<sequence>"`, and `"<sequence>.<version of the bytes>"` for an answer of which parts can
 * be asked for. The sequence alone says whether a document has changed: conditions compare nothing else, also in weak
 * tags, into which proxies turn those of answers that they compress.
 */
export function entityTag(sequence: number, version?: string): string {
  return version === undefined ? `"${sequence}"` : `"${sequence}.${version}"`;
}

/** A condition on the sequence of a document: it is one of these, or any. */
export type DemandedSequences = "any" | ReadonlySet<number>;

/** The sequences of an `If-Match` header; undefined without one. Throws `Problem` for one that is malformed. */
export function demandedSequences({ headers }: Request): DemandedSequences | undefined {
  return sequencesIn(headers.get("if-match"), "If-Match");
}

/** Throws `Problem` precondition-failed unless the document has one of these sequences. 0: it does not exist. */
export function demandSequence(demanded: DemandedSequences | undefined, sequence: number): void {
  if (!satisfies(demanded, sequence)) throw changedSince(sequence);
}

/** Whether a document with this sequence satisfies the demand. 0: it does not exist. */
export function satisfies(demanded: DemandedSequences | undefined, sequence: number): boolean {
  if (demanded === undefined) return true;
  return demanded === "any" ? sequence > 0 : demanded.has(sequence);
}

export function changedSince(sequence: number): Problem {
  return new Problem(
    "precondition-failed",
    `The document has changed: its sequence is ${sequence}. Read it again and repeat the change.`,
    { headers: sequence === 0 ? {} : { etag: entityTag(sequence) } },
  );
}

/** Whether the sender has the document with this sequence, by its `If-None-Match` header. Throws `Problem`. */
export function isKnown({ headers }: Request, sequence: number): boolean {
  const known = sequencesIn(headers.get("if-none-match"), "If-None-Match");
  return known === "any" || known?.has(sequence) === true;
}

/** The answer to a sender that has the document. */
export function notModified(tag: string): Response {
  return new Response(null, { status: 304, headers: { etag: tag, "cache-control": "private, no-cache" } });
}

const listOfTags = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;

function sequencesIn(header: string | null, name: string): DemandedSequences | undefined {
  if (header === null) return undefined;
  if (header.trim() === "*") return "any";
  if (!listOfTags.test(header)) {
    const detail = "give entity tags as the server has sent them, with their quotes, or *";
    throw new Problem("invalid-request", `The header ${name} is malformed.`, { errors: [{ pointer: name, detail }] });
  }
  const sequences = Array.from(header.matchAll(/"(\d{1,15})(?:\.[^"]*)?"/g), ([, digits]) => Number(digits));
  return new Set(sequences);
}
