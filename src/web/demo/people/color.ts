/** Reads a colour that another program has written. Only this one form is taken, because colours become parts of styles. */
export function readColor(value: unknown): string | undefined {
  return typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value) ? value : undefined;
}
