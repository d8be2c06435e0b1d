/** Of a pattern, in UTF-16 code units. */
export const longestPattern = 1_024;

/**
 * Whether a pattern means this room.
 *
 * Both are split at `/`. `**` as a whole segment stands for any number of segments, none included; `*` anywhere else
 * for one or more characters other than `/`; all else for itself, and nothing escapes. Takes at most as many steps as
 * the product of both lengths, whatever strangers name their rooms.
 */
export function matchesRoom(pattern: string, room: string): boolean {
  return room.startsWith(headOf(pattern)) && matchesSegments(pattern, room);
}

/** Whether a pattern means the one room that has its name. */
export function isRoomName(pattern: string): boolean {
  return !pattern.includes("*");
}

/**
 * What every room begins with that the pattern means. Most patterns mean other rooms, and this is how to see it without
 * taking them to pieces: whoever revokes one looks at everybody who is in a room.
 */
function headOf(pattern: string): string {
  const star = pattern.indexOf("*");
  if (star === -1) return pattern;
  // `a/**` means `a` as well.
  return pattern.slice(0, pattern[star - 1] === "/" ? star - 1 : star);
}

function matchesSegments(pattern: string, room: string): boolean {
  const segments = pattern.split("/");
  const names = room.split("/");
  let segmentIndex = 0;
  let nameIndex = 0;
  // To where to go back when what follows the latest `**` does not match: an earlier one need never take more, since
  // the latest can take all that it could.
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

/** What stands between stars is taken where it first comes: that leaves the most to the rest. */
function matchesSegment(pattern: string, name: string): boolean {
  const [first = "", ...literals] = pattern.split("*");
  const last = literals.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let end = first.length;
  for (const literal of literals) {
    // Past the name's end, nothing is found at the end.
    const found = name.indexOf(literal, end + 1);
    if (found <= end) return false;
    end = found + literal.length;
  }
  return end + last.length < name.length && name.endsWith(last);
}
