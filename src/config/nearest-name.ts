/** A shorter name is the beginning of too many others by chance. */
const minPrefixLength = 3;

/**
 * Finds the one of `names` that `name` was probably meant to be: the fewest edits away, at most three and half of the
 * characters of either; else the first that `name` begins.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = 4;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest && edits <= Math.min(candidate.length, name.length) / 2) {
      nearest = candidate;
      fewest = edits;
    }
  }
  if (nearest !== undefined || name.length < minPrefixLength) return nearest;
  return names.find((candidate) => candidate.startsWith(name));
}

/** Computes Levenshtein's distance, with one row of the matrix in memory. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
