/** The greatest length of a pattern, in UTF-16 code units. */
export const maxPatternLength = 1_024;

/**
 * Whether a pattern matches a room's name, both in their comparable form.
 *
 * Both are split at `/`. `**` as a whole segment matches any number of segments, including none. `*` anywhere else
 * matches one or more characters other than `/`. Every other character matches itself, and there is no escape. The
 * number of steps is at most the product of both lengths, so that a hostile room name cannot make it exponential.
 */
export function matchesRoom(pattern: string, room: string): boolean {
  return room.startsWith(prefixOf(pattern)) && matchesSegments(pattern, room);
}

/** Whether a pattern is a plain room name, and matches that room only. */
export function isRoomName(pattern: string): boolean {
  return !pattern.includes("*");
}

/**
 * The prefix of every room name that the pattern matches. It excludes most pairs without splitting them into segments,
 * since a revocation is compared with every grant in use.
 */
function prefixOf(pattern: string): string {
  const star = pattern.indexOf("*");
  if (star === -1) return pattern;
  // `a/**` matches `a` as well.
  return pattern.slice(0, pattern[star - 1] === "/" ? star - 1 : star);
}

function matchesSegments(pattern: string, room: string): boolean {
  const segments = pattern.split("/");
  const names = room.split("/");
  let segmentIndex = 0;
  let nameIndex = 0;
  // Where to backtrack when the segments after the latest `**` do not match. An earlier `**` need not be extended,
  // since the latest one can take the same segments.
  let afterGlob: number | undefined;
  let globEnd = 0;
  while (nameIndex < names.length) {
    const segment = segments[segmentIndex];
    if (segment === "**") {
      segmentIndex += 1;
      afterGlob = segmentIndex;
      globEnd = nameIndex;
    } else if (segment !== undefined && matchesSegment(segment, names[nameIndex] ?? "")) {
      segmentIndex += 1;
      nameIndex += 1;
    } else if (afterGlob !== undefined) {
      globEnd += 1;
      segmentIndex = afterGlob;
      nameIndex = globEnd;
    } else {
      return false;
    }
  }
  while (segments[segmentIndex] === "**") segmentIndex += 1;
  return segmentIndex === segments.length;
}

/** Each literal between stars is matched at its first occurrence, which leaves the most characters to the rest. */
function matchesSegment(pattern: string, name: string): boolean {
  const [first = "", ...literals] = pattern.split("*");
  const last = literals.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let end = first.length;
  for (const literal of literals) {
    // `indexOf` finds an empty literal at the name's end even from beyond it; the star would match no character then.
    const found = name.indexOf(literal, end + 1);
    if (found <= end) return false;
    end = found + literal.length;
  }
  return end + last.length < name.length && name.endsWith(last);
}
