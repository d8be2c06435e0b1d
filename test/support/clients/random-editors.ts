import * as Y from "yjs";
import type { Random } from "../bytes/random.ts";

/** An editor with a copy of the document that changes all types of it at random, undoes and redoes. */
export class RandomEditor {
  readonly doc: Y.Doc;
  /** The updates that it sent, in order: one per change. */
  readonly sent: Uint8Array[] = [];
  readonly #random: Random;
  readonly #undo: Y.UndoManager;
  readonly #edits: readonly (() => void)[];

  /** `plain`: no formats and no XML. */
  constructor(random: Random, content: "any" | "plain" = "any") {
    this.#random = random;
    this.doc = typedDoc();
    this.doc.clientID = 1 + random.integer(random.chance(0.2) ? 100 : 2 ** 32 - 1);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== received) this.sent.push(update);
    });
    const { text, rich, list, map, xml } = roots(this.doc);
    this.#undo = new Y.UndoManager([text, rich, list, map, xml], {
      captureTimeout: 0,
      trackedOrigins: new Set([null]),
    });
    const plain = [
      () => this.#editText(),
      () => this.#editText(),
      () => this.#editText(),
      () => this.#editList(list),
      () => this.#editMap(map),
      () => this.#editNested(),
    ];
    const structural = [() => editRich(rich, this.#random), () => this.#editXml(xml)];
    this.#edits = content === "plain" ? plain : [...plain, ...structural];
  }

  /** Makes one change, which is one update, or none if it has no effect. */
  edit(): void {
    if (this.#random.chance(0.12)) {
      if (this.#random.chance(0.6)) this.#undo.undo();
      else this.#undo.redo();
      return;
    }
    this.doc.transact(() => {
      do this.#random.pick(this.#edits)();
      while (this.#random.chance(0.3));
    }, null);
  }

  receive(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, received);
  }

  #editText(): void {
    const { text } = roots(this.doc);
    const characters = text.toString();
    const at = boundary(characters, this.#random.integer(characters.length + 1));
    if (this.#random.chance(0.6)) text.insert(at, this.#random.pick(["a", "b", "word ", "日本", "🦌", "né", "\n"]));
    else text.delete(at, boundary(characters, Math.min(characters.length, at + 1 + this.#random.integer(5))) - at);
  }

  #editList(list: Y.Array<unknown>): void {
    const at = this.#random.integer(list.length + 1);
    const length = Math.min(list.length - at, 1 + this.#random.integer(2));
    if (length > 0 && this.#random.chance(0.4)) list.delete(at, length);
    else list.insert(at, [this.#value(), ...(this.#random.chance(0.3) ? [this.#value()] : [])]);
  }

  #editMap(map: Y.Map<unknown>): void {
    const key = this.#random.pick(["one", "two", "three"]);
    if (this.#random.chance(0.25)) map.delete(key);
    else map.set(key, this.#value());
  }

  #editXml(xml: Y.XmlFragment): void {
    const at = this.#random.integer(xml.length + 1);
    const child = at < xml.length ? xml.get(at) : undefined;
    if (child instanceof Y.XmlElement && this.#random.chance(0.4)) {
      if (this.#random.chance(0.5))
        child.setAttribute(this.#random.pick(["class", "id"]), `${this.#random.integer(9)}`);
      else this.#editXml(child);
    } else if (child instanceof Y.XmlText && this.#random.chance(0.5)) {
      child.insert(0, "text");
    } else if (child !== undefined && this.#random.chance(0.4)) {
      xml.delete(at, 1);
    } else {
      xml.insert(at, [this.#random.chance(0.5) ? new Y.XmlElement("p") : new Y.XmlText("in a node")]);
    }
  }

  #editNested(): void {
    const { list, map } = roots(this.doc);
    const candidates = [...list.toArray(), ...map.values()].filter((value) => value instanceof Y.AbstractType);
    if (candidates.length === 0) return;
    const nested = this.#random.pick(candidates);
    // The text is not formatted: Yjs deletes formatting without effect at a time that depends on the grouping of
    // updates.
    if (nested instanceof Y.Text) nested.insert(this.#random.integer(nested.length + 1), "more");
    else if (nested instanceof Y.Map) this.#editMap(nested);
    else if (nested instanceof Y.Array) this.#editList(nested);
  }

  #value(): unknown {
    const random = this.#random;
    return random.pick<() => unknown>([
      () => random.integer(1000),
      () => -random.real(),
      () => "a string",
      () => null,
      () => random.chance(0.5),
      () => ({ big: 2n ** 40n }),
      () => ({ nested: [1, { deep: "object" }], "": undefined }),
      () => [1.5, ["two"], Number.NaN],
      () => Uint8Array.of(1, 2, random.integer(256)),
      () => new Y.Map([["key", random.integer(9)]]),
      () => Y.Array.from([1, "two"]),
      () => new Y.Text("nested"),
      () => new Y.Doc({ guid: `subdocument ${random.integer(1000)}`, meta: { some: ["meta"] }, autoLoad: true }),
    ])();
  }
}

/** The origin of received updates, which are neither sent nor undone. */
const received = Symbol("received");

function editRich(text: Y.Text, random: Random): void {
  const at = random.integer(text.length + 1);
  const length = Math.min(text.length - at, 1 + random.integer(6));
  const attributes = random.chance(0.5)
    ? { bold: random.chance(0.7) ? true : null }
    : { link: { href: "https://yjs.dev" } };
  if (length > 0 && random.chance(0.3)) text.delete(at, length);
  else if (length > 0 && random.chance(0.5)) text.format(at, length, attributes);
  else if (random.chance(0.2)) text.insertEmbed(at, { image: [random.integer(9)] });
  else text.insert(at, random.pick(["x", "yz", "rich text"]), random.chance(0.3) ? attributes : undefined);
}

/**
 * Moves an index off the middle of a surrogate pair: Yjs replaces halves, in one copy before and in another after a
 * merge.
 */
function boundary(characters: string, index: number): number {
  const code = characters.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : index;
}

function roots(doc: Y.Doc) {
  return {
    text: doc.getText("text"),
    rich: doc.getText("rich"),
    list: doc.getArray<unknown>("list"),
    map: doc.getMap<unknown>("map"),
    xml: doc.getXmlFragment("xml"),
  };
}

/** A document whose shared types are defined, as an application defines them. */
export function typedDoc(): Y.Doc {
  const doc = new Y.Doc();
  roots(doc);
  return doc;
}

/** The content that an application sees; subdocuments are shown by their guid. */
export function visibleContent(doc: Y.Doc): unknown {
  const { text, rich, list, map, xml } = roots(doc);
  return {
    text: text.toString(),
    rich: rich.toDelta(),
    list: list.toArray().map(plain),
    map: plain(map),
    xml: `${xml}`,
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { subdocument: value.guid };
  if (value instanceof Y.Text) return value.toDelta();
  if (value instanceof Y.Array) return value.toArray().map(plain);
  if (value instanceof Y.Map) {
    return Object.fromEntries([...value.entries()].sort().map(([key, entry]) => [key, plain(entry)]));
  }
  return value;
}
