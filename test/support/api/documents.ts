import * as Y from "yjs";

/** An update that inserts into the text "text" of an empty document. */
export function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/** A document with the content of these updates. */
export function docOf(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

export function textIn(...updates: readonly Uint8Array[]): string {
  return docOf(...updates)
    .getText("text")
    .toString();
}

export function base64urlOf(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
