import type { Random } from "../../../test/support/bytes/random.ts";

/** A frame of JSON signaling. */
export type SignalingFrame = string | Uint8Array;

/** Truncates the text, inserts or removes a part of it, or doubles it. */
export function changedText(random: Random, text: string): string {
  const at = random.integer(text.length);
  const change = random.pick<() => string>([
    () => text.slice(0, at),
    () =>
      text.slice(0, at) + random.pick(["{", "}", '"', "\\", ",", "\u0000", "\ufeff", "🦌", "1e999"]) + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1 + random.integer(3)),
    () => text + text,
  ]);
  return change();
}

export function changedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.with(random.integer(bytes.length), random.integer(256));
}

/** Nests the value that follows `beginning`, which ends its object, to about the allowed depth or deeper. */
export function nested(random: Random, beginning: string): string {
  const depth = random.pick([10, 31, 32, 33, 5_000]);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
  ] as const);
  return `${beginning}${open.repeat(depth)}1${close.repeat(depth)}}`;
}

export function randomText(random: Random): string {
  return Array.from({ length: random.integer(40) }, () => String.fromCodePoint(random.integer(0xd800))).join("");
}
