import * as v from "valibot";
import type { HistoryPart, Sequence } from "./history-store.ts";

/** The last update that a part has. */
export function sequenceOf(part: HistoryPart): Sequence {
  if (part.kind === "segment") return part.segment.last;
  return part.kind === "snapshot" ? part.snapshot.sequence : part.version.sequence;
}

/** Replaces times after `now` (epoch milliseconds) by it: a part that is dated ahead would not age, and stay for ever. */
export function noLaterThan(now: number, part: HistoryPart): HistoryPart {
  switch (part.kind) {
    case "segment": {
      const { endedAt, startedAt } = part.segment;
      const times = { startedAt: Math.min(startedAt, now), endedAt: Math.min(endedAt, now) };
      return { ...part, segment: { ...part.segment, ...times } };
    }
    case "snapshot":
      return { ...part, snapshot: { ...part.snapshot, at: Math.min(part.snapshot.at, now) } };
    case "version":
      return { ...part, version: { ...part.version, at: Math.min(part.version.at, now) } };
  }
}

/** The largest sequence that is taken over: what follows it is enough for every store. */
export const maxCopiedSequence: Sequence = 2 ** 48;

const maxUsers = 100_000;

const bytes = v.pipe(
  v.string(),
  v.rawTransform(({ addIssue, dataset, NEVER }) => {
    try {
      return Uint8Array.fromBase64(dataset.value);
    } catch {
      addIssue({ message: "give base64" });
      return NEVER;
    }
  }),
);
const natural = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max));
const sequence = natural(maxCopiedSequence);
/** Times until the year 9999, which RFC 3339 can show. */
const time = natural(253_402_300_799_999);
/** Ids of versions have so many digits. */
const versionNumber = natural(999_999_999);
const user = v.pipe(v.string(), v.maxLength(1_024));
const users = v.pipe(v.array(user), v.maxLength(maxUsers));
const absent = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(
    v.nullable(schema),
    v.transform((value) => value ?? undefined),
  );

const shapes = v.union([
  v.object({
    segment: v.object({ last: sequence, startedAt: time, endedAt: time, users, marks: bytes, data: bytes }),
  }),
  v.object({ snapshot: v.object({ sequence, at: time, isStart: v.boolean(), data: bytes }) }),
  v.object({
    version: v.object({
      sequence,
      number: versionNumber,
      at: time,
      name: absent(v.pipe(v.string(), v.nonEmpty(), v.maxLength(200))),
      users,
      createdBy: absent(user),
    }),
  }),
]);

/** The JSON of a part. */
export function showHistoryPart(part: HistoryPart): unknown {
  switch (part.kind) {
    case "segment": {
      const { data, marks, ...segment } = part.segment;
      return { segment: { ...segment, marks: marks.toBase64(), data: data.toBase64() } };
    }
    case "snapshot": {
      const { at, data, sequence: last } = part.snapshot;
      return { snapshot: { sequence: last, at, isStart: part.isStart, data: data.toBase64() } };
    }
    case "version": {
      const { createdBy = null, name = null, ...version } = part.version;
      return { version: { ...version, name, createdBy } };
    }
  }
}

/** Reads the JSON of a part; undefined for another value. The bytes are not examined. */
export function readHistoryPart(json: unknown): HistoryPart | undefined {
  const { output, success } = v.safeParse(shapes, json);
  if (!success) return undefined;
  if ("segment" in output) return { kind: "segment", segment: output.segment };
  if ("version" in output) return { kind: "version", version: output.version };
  const { isStart, ...snapshot } = output.snapshot;
  return { kind: "snapshot", snapshot, isStart };
}
