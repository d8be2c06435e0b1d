import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { type Text, type Transaction, UndoManager } from "yjs";
import { FrameTask } from "../../shared/frame-task.ts";
import type { AccessWatch } from "../access/access-watch.ts";
import { type ForeignText, isPlain, readForeignText } from "../document/text-content.ts";
import type { RoomClient } from "../room-client.ts";
import { ownCursor } from "./own-cursor.ts";
import { remoteCarets } from "./remote-carets.ts";
import { editorTheme } from "./theme.ts";

/**
 * CodeMirror on the shared text, as long as the text is plain.
 *
 * y-codemirror.next cannot bind a text that holds anything else than characters: it throws or hangs in its observer, or
 * edits at wrong positions. The editor is therefore closed before the observers of such a change are called, and opened
 * again when the text is plain again.
 */
export class TextEditor {
  readonly #parent: HTMLElement;
  readonly #client: RoomClient;
  readonly #text: Text;
  readonly #showForeign: (text: ForeignText | undefined) => void;
  #closeView: (() => void) | undefined;
  readonly #showing = new FrameTask(() => this.#show());

  /** `showForeign` receives the text while it cannot be edited, and undefined when it can again. */
  constructor(parent: HTMLElement, client: RoomClient, showForeign: (text: ForeignText | undefined) => void) {
    this.#parent = parent;
    this.#client = client;
    this.#text = client.text;
    this.#showForeign = showForeign;
  }

  /** Returns the function that detaches the editor. */
  attach(): () => void {
    const { doc } = this.#client;
    const beforeObservers = (transaction: Transaction) => {
      if (this.#isChangedBy(transaction) && !isPlain(this.#text)) this.#close();
    };
    const afterObservers = (transaction: Transaction) => {
      if (this.#isChangedBy(transaction) && this.#closeView === undefined) this.#showing.schedule();
    };
    doc.on("beforeObserverCalls", beforeObservers);
    doc.on("afterTransaction", afterObservers);
    this.#show();
    return () => {
      doc.off("beforeObserverCalls", beforeObservers);
      doc.off("afterTransaction", afterObservers);
      this.#showing.cancel();
      this.#close();
    };
  }

  #isChangedBy({ changed }: Transaction): boolean {
    // The key's type is that of any shared type.
    return (changed as ReadonlyMap<unknown, unknown>).has(this.#text);
  }

  #show(): void {
    if (isPlain(this.#text)) {
      this.#showForeign(undefined);
      this.#closeView ??= this.#open();
    } else this.#showForeign(readForeignText(this.#text));
  }

  #close(): void {
    this.#closeView?.();
    this.#closeView = undefined;
  }

  /** Returns the function that closes the editor. */
  #open(): () => void {
    const { access } = this.#client;
    const permission = new Compartment();
    const undoManager = new UndoManager(this.#text);
    const state = editorState(this.#client, undoManager, permission.of(extensionFor(access)));
    const view = new EditorView({ parent: this.#parent, state });
    const unsubscribe = access.state.subscribe(() =>
      view.dispatch({ effects: permission.reconfigure(extensionFor(access)) }),
    );
    return () => {
      unsubscribe();
      view.destroy();
      undoManager.destroy();
    };
  }
}

function editorState(client: RoomClient, undoManager: UndoManager, permission: Extension): EditorState {
  const { presence, text } = client;
  return EditorState.create({
    doc: text.toString(),
    extensions: [
      // By default, "\r\n" is one line break: positions behind it would differ from those of the shared text.
      EditorState.lineSeparator.of("\n"),
      EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/g, "\n")),
      yCollab(text, null, { undoManager }),
      ownCursor(text, (cursor) => client.setCursor(cursor)),
      remoteCarets(text, presence),
      permission,
      keymap.of(defaultKeymap),
      drawSelection(),
      EditorView.lineWrapping,
      EditorView.scrollMargins.of(() => ({ top: 24, bottom: 16 })),
      EditorView.contentAttributes.of({ "aria-label": "Shared text", spellcheck: "false" }),
      editorTheme,
    ],
  });
}

/** Undo changes the text even in an editor that is read-only. */
function extensionFor({ canWrite }: AccessWatch): Extension {
  if (canWrite) return [keymap.of(yUndoManagerKeymap), placeholder("Type something")];
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ "aria-readonly": "true", tabindex: "0" }),
  ];
}
