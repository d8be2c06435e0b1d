import type { DiffPart } from "../../../../client/history.ts";

/** The characters that one user has inserted and deleted. */
export interface Author {
  /** Null if unknown. */
  readonly user: string | null;
  readonly added: number;
  readonly removed: number;
}

/** The users of a difference, those with the most characters first. */
export function authorsOf(parts: readonly DiffPart[]): readonly Author[] {
  const authors = new Map<string | null, Author>();
  for (const { kind, text, user = null } of parts) {
    if (kind === "same") continue;
    const { added, removed } = authors.get(user) ?? { added: 0, removed: 0 };
    const isAdded = kind === "added";
    authors.set(user, {
      user,
      added: added + (isAdded ? text.length : 0),
      removed: removed + (isAdded ? 0 : text.length),
    });
  }
  return [...authors.values()].sort((one, other) => sizeOf(other) - sizeOf(one));
}

function sizeOf({ added, removed }: Author): number {
  return added + removed;
}
