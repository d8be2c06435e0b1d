/**
 * Finds the one of `names` that `name` was probably meant to be: the fewest edits away, at most half of its characters and
 * three; else the first that `name` begins.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = 4;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest && edits <= candidate.length / 2) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest ?? names.find((candidate) => name !== "" && candidate.startsWith(name));
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
