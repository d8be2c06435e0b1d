import { Problem } from "../../api/problems.ts";
import type { Moment, StoredVersion } from "../../storage/history/history-store.ts";

const sequencePattern = /^(0|[1-9]\d{0,14})$/;
const versionPattern = /^v(\d{1,15})(?:\.([1-9]\d{0,8}))?$/;
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** The description of a parameter that names a moment. */
export const momentText =
  "A moment: a sequence such as 1250, a time such as 2026-01-31T12:00:00Z, or the id of a version such as v1250";

/** Reads a moment; throws `Problem` for a text that names none. */
export function momentOf(text: string, pointer: string): Moment {
  if (sequencePattern.test(text)) return { sequence: Number(text) };
  const version = versionIdOf(text);
  if (version !== undefined) return { sequence: version.sequence };
  const at = timeOf(text);
  if (at !== undefined) return { at };
  throw new Problem("invalid-request", "The moment cannot be read.", {
    errors: [{ pointer, detail: "give a sequence, a time as RFC 3339, or the id of a version" }],
  });
}

/** Epoch milliseconds; undefined for a text that is no time of RFC 3339. */
export function timeOf(text: string): number | undefined {
  const at = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** Undefined for a text that is no id of a version. */
export function versionIdOf(text: string): Pick<StoredVersion, "sequence" | "number"> | undefined {
  const [, sequence, number = "0"] = versionPattern.exec(text) ?? [];
  return sequence === undefined ? undefined : { sequence: Number(sequence), number: Number(number) };
}

export function idOf({ sequence, number }: Pick<StoredVersion, "sequence" | "number">): string {
  return number === 0 ? `v${sequence}` : `v${sequence}.${number}`;
}
