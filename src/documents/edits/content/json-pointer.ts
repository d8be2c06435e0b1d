import { EditRefused } from "./edit-refused.ts";

/** Reads a JSON Pointer (RFC 6901). Throws `EditRefused`. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw new EditRefused("malformed-pointer", "A JSON Pointer begins with a slash.");
  if (/~(?![01])/.test(pointer)) {
    throw new EditRefused("malformed-pointer", "In a JSON Pointer ~ is written as ~0, and a slash in a key as ~1.");
  }
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer to a member of what `pointer` points to. */
export function pointerTo(pointer: string, member: string | number): string {
  return `${pointer}/${String(member).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The array index that a token stands for; undefined for a token that is none. */
export function indexOf(token: string): number | undefined {
  if (!/^(0|[1-9]\d*)$/.test(token)) return undefined;
  const index = Number(token);
  return Number.isSafeInteger(index) ? index : undefined;
}
