/** Format characters (also those that change the direction of a text), spaces other than the usual one, and fillers. */
const unseen = /[\p{Cf}\p{Cc}\u2800\u3164\uFFA0]|(?! )\p{Z}/gu;
/** A joiner between two letters or symbols belongs to them, as in Persian words and in emoji. */
const joiner = /(?<=[\p{L}\p{M}\p{S}])[\u200C\u200D](?=[\p{L}\p{S}])/gu;
const kept = "\uE000";

/** Writes the characters of a name that cannot be seen as escapes: `a\u{200b}b`. */
export function visibleName(name: string): string {
  const joiners = name.match(joiner) ?? [];
  let used = 0;
  return name
    .replaceAll(kept, escapeOf)
    .replace(joiner, kept)
    .replace(unseen, escapeOf)
    .replace(/^ +| +$/g, (spaces) => escapeOf(" ").repeat(spaces.length))
    .replaceAll(kept, () => joiners[used++] ?? "");
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
