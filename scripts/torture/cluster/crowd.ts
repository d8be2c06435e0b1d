import * as Y from "yjs";
import type { Patch } from "../../../test/support/bytes/histories.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { typing } from "../client/editors.ts";
import { Ledger } from "../ledger.ts";
import { type Known, Member } from "./member.ts";
import type { TorturedNode } from "./tortured-cluster.ts";

export interface CrowdOptions {
  readonly nodes: readonly TorturedNode[];
  /** The writers of a document take these in turn; visitors and readers have the first. */
  readonly kinds: readonly [Member["kind"], ...Member["kind"][]];
  readonly documents: number;
  readonly updatesPerSecond: number;
  /** The edits of a writer: they type a text, or overwrite the keys of a map, of which the size stays the same. */
  readonly edits: readonly Patch[] | "overwrite";
  readonly random: Random;
  readonly troubled: (why: string) => void;
}

/** A document, with a writer on each node. */
export interface Circle {
  readonly known: Known;
  readonly members: Member[];
}

const typingTickMs = 10;
const mostLateMs = 50;
/** The keys of a map that a writer overwrites. */
const keys = 20;
const movesPerSecond = 1;
/** A client that waits for this many acknowledgements has a slow server, and types no faster. */
const waitingUpdates = 500;

/** The clients of a cluster: in each document one writer per node, and a reader. */
export class Crowd implements Disposable {
  readonly circles: readonly Circle[];
  readonly #options: CrowdOptions;
  readonly #keystrokes = new Map<Member, () => void>();
  /** Members that end for good when harm comes to their node. */
  readonly #visitors = new Set<Member>();
  readonly #left: Member[] = [];
  readonly #closes = new Map<string, number>();
  #timer: Timer | undefined;
  #typed = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.circles = Array.from({ length: options.documents }, (_, index) => this.#open(`document ${index}`));
  }

  get members(): readonly Member[] {
    return this.circles.flatMap(({ members }) => members);
  }

  /** The number of edits so far. */
  get typed(): number {
    return this.#typed;
  }

  /** The number of connections so far, of all that have ever been members. */
  get connections(): number {
    return [...this.members, ...this.#left].reduce((sum, { connections }) => sum + connections, 0);
  }

  /** How often connections have ended, by code and reason. */
  get closes(): ReadonlyMap<string, number> {
    return this.#closes;
  }

  /** Has all work at an even rate, until `rest`. */
  work(): void {
    const { random, updatesPerSecond } = this.#options;
    let last = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      // Edits that a busy machine has missed are not made up for: that would keep it busy.
      const elapsedMs = Math.min(now - last, mostLateMs);
      due += (elapsedMs * updatesPerSecond) / 1_000;
      const moves = (elapsedMs * movesPerSecond * this.members.length) / 1_000;
      last = now;
      for (; due >= 1; due -= 1) this.#type(random.pick([...this.#keystrokes.keys()]));
      for (let move = Math.floor(moves + random.real()); move > 0; move -= 1) random.pick(this.members).move();
    }, typingTickMs);
  }

  rest(): void {
    clearInterval(this.#timer);
  }

  /** Adds a visitor on each node, who writes, shows presence, and ends when harm comes to the node. */
  invite(): void {
    const { kinds, nodes, random } = this.#options;
    for (const node of nodes) {
      const circle = random.pick(this.circles);
      const visitor = this.#member(circle.known, { name: `visitor of ${node.name}`, kind: kinds[0], node });
      this.#keystrokes.set(visitor, this.#editing(visitor.doc, `of ${visitor.doc.clientID}`));
      circle.members.push(visitor);
      this.#visitors.add(visitor);
    }
  }

  /** Ends the visitors that are on a node. */
  depart(node: TorturedNode): void {
    for (const visitor of this.#visitors) if (visitor.node === node) this.#end(visitor);
  }

  [Symbol.dispose](): void {
    this.rest();
    for (const member of this.members) member.leave();
  }

  #end(visitor: Member): void {
    visitor.leave();
    this.#visitors.delete(visitor);
    this.#keystrokes.delete(visitor);
    this.#left.push(visitor);
    for (const { members } of this.circles) {
      const index = members.indexOf(visitor);
      if (index >= 0) members.splice(index, 1);
    }
  }

  #type(writer: Member): void {
    if (writer.waiting > waitingUpdates) return;
    this.#keystrokes.get(writer)?.();
    this.#typed += 1;
  }

  #open(name: string): Circle {
    const { kinds, nodes } = this.#options;
    const known = { name, seen: new Ledger(), acknowledged: new Ledger() };
    const writers = nodes.map((node, index) => {
      const kind = kinds[index % kinds.length] ?? kinds[0];
      const writer = this.#member(known, { name: `writer ${index} of ${name}`, kind, node });
      this.#keystrokes.set(writer, this.#editing(writer.doc, String(index)));
      return writer;
    });
    const node = this.#nextNode();
    return {
      known,
      members: [...writers, this.#member(known, { name: `reader of ${name}`, kind: kinds[0], node })],
    };
  }

  /** Returns a function that makes one edit in a type of this name. Each edit is one update. */
  #editing(doc: Y.Doc, name: string): () => void {
    const { edits, random } = this.#options;
    return edits === "overwrite" ? overwritingIn(doc, `map ${name}`, random) : typingInto(doc, `text ${name}`, edits);
  }

  #member(
    known: Known,
    who: { readonly name: string; readonly kind: Member["kind"]; readonly node: TorturedNode },
  ): Member {
    const { troubled } = this.#options;
    const closed = (code: number, reason: string) => {
      const name = `${code} ${reason}`.trim();
      this.#closes.set(name, (this.#closes.get(name) ?? 0) + 1);
    };
    return new Member(known, { ...who, closed, troubled, nextNode: () => this.#nextNode() });
  }

  /** A node that takes connections, as a load balancer picks it that asks for their health. */
  #nextNode(): TorturedNode {
    const { nodes, random } = this.#options;
    const serving = nodes.filter(({ isServing }) => isServing);
    return random.pick(serving.length > 0 ? serving : nodes);
  }
}

function overwritingIn(doc: Y.Doc, name: string, random: Random): () => void {
  const map = doc.getMap(name);
  return () => map.set(`key ${random.integer(keys)}`, random.integer(2 ** 31));
}

function typingInto(doc: Y.Doc, name: string, patches: readonly Patch[]): () => void {
  const keystroke = typing(patches);
  const text = doc.getText(name);
  return () => doc.transact(() => keystroke(text));
}

/** Whether all members of a circle have the same content. */
export function isConverged({ members }: Circle): boolean {
  const [first, ...others] = members.map(({ doc }) => Y.snapshot(doc));
  return first !== undefined && others.every((other) => Y.equalSnapshots(first, other));
}
