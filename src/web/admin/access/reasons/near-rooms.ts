import { visibleName } from "../../parts/visible-name.ts";
import { isPattern, matchesRoom } from "../tokens/room-pattern.ts";

/** Says why a room that looks like one of a token's is none of them; undefined if nothing is alike. */
export function nearRoom(patterns: readonly string[], room: string): string | undefined {
  for (const pattern of patterns) {
    const difference = differenceOf(pattern, room);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function differenceOf(pattern: string, room: string): string | undefined {
  if (matchesRoom(simple(pattern), simple(room))) {
    const names = `${visibleName(pattern)}, which is not the same as ${visibleName(room)}`;
    return `The token names ${names}: case, spaces and slashes at the ends count.`;
  }
  const decoded = decodedOf(room);
  if (decoded !== undefined && matchesRoom(pattern, decoded)) {
    return `The room is percent-encoded once too often: the token names ${pattern}, which matches ${decoded}.`;
  }
  const wider = pattern.split("/").map(widened).join("/");
  if (isPattern(pattern) && matchesRoom(wider, room)) {
    return `${pattern} does not match ${room}, because * matches no /. ${wider} does.`;
  }
  return undefined;
}

function simple(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/\s+/g, "")
    .replaceAll(/^\/+|\/+$/g, "");
}

function widened(segment: string): string {
  return segment === "*" ? "**" : segment;
}

function decodedOf(room: string): string | undefined {
  try {
    const decoded = decodeURIComponent(room);
    return decoded === room ? undefined : decoded;
  } catch {
    return undefined;
  }
}
