/**
 * Which of `available` to send, best first; undefined for the bytes as they are, which is also what a client gets that
 * excludes everything (RFC 9110 §12.5.3). Among those that it weighs alike, our own order decides.
 */
export function preferredEncoding<E extends string>(
  acceptEncoding: string | null,
  available: readonly E[],
): E | undefined {
  const weights = parseWeights(acceptEncoding ?? "");
  const weightOf = (encoding: string, otherwise: number) => weights.get(encoding) ?? weights.get("*") ?? otherwise;
  // Not named, the bytes as they are remain acceptable, but below everything that is named.
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
    // A weight that is none excludes: better larger than in an encoding that was not asked for.
    weights.set(name === "x-gzip" ? "gzip" : name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  return weights;
}
