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

/** Three updates of the text "text", of which the third needs the second: the text is these parts with spaces between. */
export function updatesWithGap(first: string, second: string, third: string) {
  const doc = new Y.Doc();
  const [present, missing, late] = [first, ` ${second}`, ` ${third}`].map((part) => {
    const before = Y.encodeStateVector(doc);
    const text = doc.getText("text");
    text.insert(text.length, part);
    return Y.encodeStateAsUpdate(doc, before);
  });
  if (present === undefined || missing === undefined || late === undefined) throw new Error("an update is missing");
  return { present, missing, late };
}
