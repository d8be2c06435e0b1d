/** True for objects and arrays. The values in the document and the awareness are of any type: other programs write them. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
