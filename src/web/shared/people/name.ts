/** The name that is shown for a person without one. */
const anonymousName = "Anonymous";
const maxNameLength = 40;

/** Invisible characters and those that change the direction of text, without the joiners that words and emoji need. */
const invisible = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Marks that are stacked higher than any script does. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu;

/** Reads a name that fits into one line; the name of an anonymous person when nothing of it is visible. */
export function readName(value: unknown): string {
  if (typeof value !== "string") return anonymousName;
  // The cut bounds the work. A second one counts characters and not code units, so that it splits none.
  const text = value
    .slice(0, 16 * maxNameLength)
    .replace(invisible, " ")
    .replace(stackedMarks, "$1");
  const name = [...text.replace(/\s+/gu, " ").trim()].slice(0, maxNameLength).join("").trim();
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(name) ? name : anonymousName;
}
