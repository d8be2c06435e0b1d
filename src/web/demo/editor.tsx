import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { UndoManager } from "yjs";
import type { AccessWatch } from "./access/access-watch.ts";
import type { RoomClient } from "./room-client.ts";

const theme = EditorView.theme({
  "&": { height: "100%", backgroundColor: "transparent", color: "inherit" },
  "&.cm-focused": { outline: "none" },
  // The line height leaves room for a name between two lines.
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.9", overflow: "hidden auto" },
  ".cm-content": { position: "relative", padding: "1.25rem 0 1rem", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 1.25rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-placeholder": { color: "var(--quiet)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  // The name is visible without hovering, in colours that stay readable whatever colour its owner has chosen. It fills the
  // gap above its line. The gap is measured from the line's middle, because letters reach about equally far from there in
  // all fonts.
  ".cm-ySelectionInfo": {
    opacity: "1",
    top: "auto",
    bottom: "calc(50% + .45rem)",
    maxWidth: "10rem",
    padding: "0 .4em",
    border: "1px solid",
    borderColor: "inherit",
    borderRadius: "3px",
    backgroundColor: "var(--sheet)",
    color: "var(--ink)",
    fontFamily: "inherit",
    fontSize: ".7rem",
    lineHeight: "1",
    overflow: "hidden",
    textOverflow: "ellipsis",
    pointerEvents: "none",
  },
  // A name that does not fit to the right of its caret moves to the left of it.
  "@supports (anchor-scope: --caret)": {
    ".cm-ySelectionCaret": { position: "static", anchorName: "--caret", anchorScope: "--caret" },
    ".cm-ySelectionInfo": {
      left: "anchor(left)",
      bottom: "calc(anchor(center) + .45rem)",
      positionAnchor: "--caret",
      positionTryFallbacks: "flip-inline",
    },
  },
  ".cm-ySelectionCaretDot": { display: "none" },
});

/** CodeMirror on the shared text. The component renders once: CodeMirror updates its own DOM. */
export function Editor({ client }: { readonly client: RoomClient }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return undefined;
    const permission = new Compartment();
    const view = new EditorView({ parent: host.current, state: editorState(client, permission) });
    const { access } = client;
    const unsubscribe = access.state.subscribe(() =>
      view.dispatch({ effects: permission.reconfigure(extensionFor(access)) }),
    );
    return () => {
      unsubscribe();
      view.destroy();
    };
  }, [client]);
  return (
    <section class="panel editor" aria-labelledby="editor-title">
      <h2 id="editor-title" class="unseen">
        Text
      </h2>
      <div ref={host} class="editor-host" />
    </section>
  );
}

function editorState({ access, text, awareness }: RoomClient, permission: Compartment): EditorState {
  const undoManager = new UndoManager(text);
  return EditorState.create({
    doc: text.toString(),
    extensions: [
      yCollab(text, awareness, { undoManager }),
      permission.of(extensionFor(access)),
      keymap.of(defaultKeymap),
      drawSelection(),
      EditorView.lineWrapping,
      EditorView.scrollMargins.of(() => ({ top: 24, bottom: 16 })),
      EditorView.contentAttributes.of({ "aria-label": "Shared text", spellcheck: "false" }),
      theme,
      nonce(),
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

/** Serves pages whose content security policy allows only styles that carry a nonce. */
function nonce(): Extension {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]');
  return meta === null ? [] : EditorView.cspNonce.of(meta.nonce || meta.content);
}
