/** Encodes the name of a peer for other nodes, as JSON, to which later releases can add members. */
export function encodePeerName({ name }: { readonly name: string | undefined }): string {
  return JSON.stringify({ name });
}

/** Undefined for a text of another format. */
export function decodePeerName(text: string): { readonly name: string | undefined } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return { name: "name" in value && typeof value.name === "string" ? value.name : undefined };
  } catch {
    return undefined;
  }
}
