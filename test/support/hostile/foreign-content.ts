import * as Y from "yjs";

/** Writes to a document as any program may. */
export type Write = (doc: Y.Doc) => void;

/** Writers of content of every type to the root `name`. */
export function foreignRoots(name: string): readonly (readonly [string, Write])[] {
  const inXmlText = (write: (text: Y.XmlText) => void) => (doc: Y.Doc) => write(doc.get(name, Y.XmlText));
  const inArray = (content: unknown[]) => (doc: Y.Doc) => doc.getArray(name).insert(0, content);
  return [
    ["embed", (doc) => doc.getText(name).insertEmbed(0, { image: "x" })],
    ["nested text", (doc) => doc.getText(name).insertEmbed(0, new Y.Text("nested"))],
    ["nested map", (doc) => doc.getText(name).insertEmbed(0, new Y.Map())],
    ["element", (doc) => doc.get(name, Y.XmlFragment).insert(0, [new Y.XmlElement("p")])],
    ["element in an XML text", inXmlText((text) => text.insertEmbed(0, new Y.XmlElement("p")))],
    ["attributes", inXmlText((text) => text.setAttribute("name", "value"))],
    ["values", inArray([1, true, null, Number.NaN, { big: 1n }, { deep: [[[[]]]] }])],
    ["bytes", inArray([new Uint8Array(4)])],
    ["document", inArray([new Y.Doc()])],
    ["map", (doc) => doc.getMap(name).set("key", "value")],
    ["map of types", (doc) => doc.getMap(name).set("key", new Y.Array())],
  ];
}
