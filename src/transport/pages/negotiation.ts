/**
 * Selects the encoding to send from `available`, which is ordered best first; undefined means no encoding, also for a
 * client that excludes everything (RFC 9110 §12.5.3). Between encodings of equal weight the order of `available` decides.
 */
export function preferredEncoding<E extends string>(
  acceptEncoding: string | null,
  available: readonly E[],
): E | undefined {
  const weights = parseWeights(acceptEncoding ?? "");
  const weightOf = (encoding: string, otherwise: number) => weights.get(encoding) ?? weights.get("*") ?? otherwise;
  // If `identity` is not named it remains acceptable, but below every encoding that is named.
  const identityWeight = weightOf("identity", Number.MIN_VALUE);
  return available
    .map((encoding) => ({ encoding, weight: weightOf(encoding, 0) }))
    .filter(({ weight }) => weight > 0 && weight >= identityWeight)
    .toSorted((left, right) => right.weight - left.weight)
    .at(0)?.encoding;
}

/** Whether `If-None-Match` names this representation (RFC 9110 §13.1.2: weak comparison). */
export function entityTagMatches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  // A comma may be part of a tag, so the list is not split but searched for whole tags.
  return Array.from(ifNoneMatch.matchAll(/"[^"]*"/g), ([tag]) => tag).includes(etag);
}

function parseWeights(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    if (name === "") continue;
    const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    // An unparsable weight excludes the encoding: a larger answer is better than one that the client cannot read.
    weights.set(name === "x-gzip" ? "gzip" : name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  return weights;
}
