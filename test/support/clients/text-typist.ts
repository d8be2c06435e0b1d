import * as Y from "yjs";
import type { Random } from "../bytes/random.ts";

const characters = [..."etaoin shrdlu\n", "ü", "й", "漢", "字", "😀", "🏳️‍🌈", "\ufeff", "word ", "ein längerer Satz. "];

/** The texts of a document: root types, whose items name their parent, and nested ones, whose items refer to it by id. */
export function textsOf(doc: Y.Doc): readonly Y.Text[] {
  const fragment = doc.getXmlFragment("fragment");
  const nested = fragment.toArray().filter((child) => child instanceof Y.XmlText);
  return [doc.getText("text"), doc.getText("名"), ...nested];
}

/** A person who types with a cursor in several texts, and sends an update for each change. */
export class TextTypist {
  readonly doc = new Y.Doc();
  readonly #random: Random;
  /** The updates that were not taken yet. */
  #sent: Uint8Array[] = [];
  #cursor = 0;
  #text = 0;

  constructor(random: Random, clientId = 1 + random.integer(2 ** 32 - 1)) {
    this.#random = random;
    this.doc.clientID = clientId;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#sent.push(update);
    });
    textsOf(this.doc);
  }

  /** Makes `count` changes and returns their updates. */
  type(count: number): readonly Uint8Array[] {
    for (let left = count; left > 0; left -= 1) this.#change();
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  receive(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, this);
  }

  #change(): void {
    const random = this.#random;
    if (random.chance(0.03)) this.doc.getXmlFragment("fragment").insert(0, [new Y.XmlText()]);
    const texts = textsOf(this.doc);
    if (random.chance(0.05)) this.#text = random.integer(texts.length);
    const text = texts[this.#text % texts.length] ?? this.doc.getText("text");
    const content = text.toString();
    if (random.chance(0.08)) this.#cursor = random.integer(content.length + 1);
    this.#cursor = boundary(content, Math.min(this.#cursor, content.length));
    if (this.#cursor > 0 && random.chance(0.25)) this.#deleteBefore(text, content);
    else this.#insert(text, content);
  }

  #deleteBefore(text: Y.Text, content: string): void {
    const length = 1 + (this.#random.chance(0.2) ? this.#random.integer(6) : 0);
    const start = boundary(content, Math.max(0, this.#cursor - length));
    text.delete(start, this.#cursor - start);
    this.#cursor = start;
  }

  /** Types, in place of the character behind the cursor now and then. */
  #insert(text: Y.Text, content: string): void {
    const typed = this.#random.pick(characters);
    this.doc.transact(() => {
      const end = boundary(content, Math.min(content.length, this.#cursor + 2));
      if (end > this.#cursor && this.#random.chance(0.1)) text.delete(this.#cursor, end - this.#cursor);
      text.insert(this.#cursor, typed);
    });
    this.#cursor += typed.length;
  }
}

/** Moves an index off the middle of a surrogate pair. */
function boundary(content: string, index: number): number {
  const code = content.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : index;
}
