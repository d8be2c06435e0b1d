import { Annotation, type Extension, type Range } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  type PluginValue,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import * as Y from "yjs";
import { FrameTask } from "../../shared/frame-task.ts";
import { textColorOn } from "../../shared/people/color.ts";
import type { Person } from "../people/person.ts";
import type { Presence } from "../people/presence.ts";

/** The carets that are shown at most: each is searched for in the whole text. */
const maxCarets = 50;

/** Marks the transaction that draws the carets again. */
const redrawn = Annotation.define<true>();

/**
 * Shows the carets and selections of other windows.
 *
 * y-codemirror.next has an extension for it, which reads the awareness itself. It throws on positions and writes colours
 * into style attributes as other programs have set them.
 */
export function remoteCarets(text: Y.Text, presence: Presence): Extension {
  return ViewPlugin.define((view) => new RemoteCarets(view, text, presence), {
    decorations: ({ decorations }) => decorations,
  });
}

class RemoteCarets implements PluginValue {
  decorations: DecorationSet = Decoration.none;
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #presence: Presence;
  readonly #unsubscribe: () => void;
  readonly #redraw: FrameTask;
  /** The latest index of each caret, and how often it has moved: a caret that moves shows its name again. */
  readonly #moves = new Map<number, { index: number; count: number }>();

  constructor(view: EditorView, text: Y.Text, presence: Presence) {
    this.#view = view;
    this.#text = text;
    this.#presence = presence;
    this.#redraw = new FrameTask(() => view.dispatch({ annotations: redrawn.of(true) }));
    this.#unsubscribe = presence.subscribe(() => this.#redraw.schedule());
    this.#redraw.schedule();
  }

  update({ changes, docChanged, transactions }: ViewUpdate): void {
    if (transactions.some((transaction) => transaction.annotation(redrawn))) this.decorations = this.#draw();
    else if (docChanged) {
      this.decorations = this.decorations.map(changes);
      // Text before a caret moves it along. Text at a caret was typed there, and the caret is then found behind it.
      for (const move of this.#moves.values()) move.index = changes.mapPos(move.index, -1);
      this.#redraw.schedule();
    }
  }

  destroy(): void {
    this.#unsubscribe();
    this.#redraw.cancel();
  }

  #draw(): DecorationSet {
    const ownId = this.#presence.own.clientId;
    const others = this.#presence.people.filter(({ clientId, cursor }) => clientId !== ownId && cursor !== undefined);
    return Decoration.set(
      others.slice(0, maxCarets).flatMap((person) => this.#decorationsOf(person)),
      true,
    );
  }

  #decorationsOf({ clientId, name, color, cursor }: Person): readonly Range<Decoration>[] {
    const anchor = this.#indexOf(cursor?.anchor);
    const head = this.#indexOf(cursor?.head);
    if (anchor === undefined || head === undefined) return [];
    const widget = new Caret({ name, color, moves: this.#movesOf(clientId, head) });
    // The caret stands outside of its selection.
    const caret = Decoration.widget({ widget, side: head > anchor ? -1 : 1 }).range(head);
    if (anchor === head) return [caret];
    const attributes = { style: `--person: ${color}` };
    const selection = Decoration.mark({ class: "remote-selection", attributes });
    return [selection.range(Math.min(anchor, head), Math.max(anchor, head)), caret];
  }

  #movesOf(clientId: number, index: number): number {
    const move = this.#moves.get(clientId) ?? { index: -1, count: 0 };
    if (move.index !== index) move.count += 1;
    move.index = index;
    this.#moves.set(clientId, move);
    return move.count;
  }

  /** The index of a position in the editor; undefined when it is not in the text. */
  #indexOf(position: Y.RelativePosition | undefined): number | undefined {
    if (position === undefined || this.#text.doc === null) return undefined;
    const found = Y.createAbsolutePositionFromRelativePosition(position, this.#text.doc);
    if (found === null || found.type !== this.#text) return undefined;
    return Math.min(found.index, this.#view.state.doc.length);
  }
}

interface CaretFacts {
  readonly name: string;
  readonly color: string;
  /** Another number makes another element, which shows its name for a moment. */
  readonly moves: number;
}

class Caret extends WidgetType {
  readonly #facts: CaretFacts;

  constructor(facts: CaretFacts) {
    super();
    this.#facts = facts;
  }

  override eq(other: Caret): boolean {
    const { name, color, moves } = this.#facts;
    return other.#facts.name === name && other.#facts.color === color && other.#facts.moves === moves;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "remote-caret";
    caret.style.setProperty("--person", this.#facts.color);
    caret.style.setProperty("--on-person", textColorOn(this.#facts.color));
    const name = document.createElement("span");
    name.className = "remote-name";
    name.textContent = this.#facts.name;
    // The word joiner gives the caret its height.
    caret.append("\u2060", name, "\u2060");
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}
