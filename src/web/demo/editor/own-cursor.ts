import type { Extension } from "@codemirror/state";
import { EditorView, type ViewUpdate } from "@codemirror/view";
import * as Y from "yjs";
import type { Cursor } from "../people/person.ts";

/** Reports the selection of this window to `moved` whenever it is another one, as long as the editor has the focus. */
export function ownCursor(text: Y.Text, moved: (cursor: Cursor) => void): Extension {
  let latest: Cursor | undefined;
  return EditorView.updateListener.of((update) => {
    if (!isMoved(update)) return;
    const { anchor, head } = update.state.selection.main;
    const cursor = { anchor: positionAt(text, anchor), head: positionAt(text, head) };
    if (latest !== undefined && isEqual(cursor, latest)) return;
    latest = cursor;
    moved(cursor);
  });
}

function isMoved({ docChanged, focusChanged, selectionSet, view }: ViewUpdate): boolean {
  return (docChanged || focusChanged || selectionSet) && view.hasFocus;
}

function positionAt(text: Y.Text, index: number): Y.RelativePosition {
  return Y.createRelativePositionFromTypeIndex(text, index);
}

function isEqual(one: Cursor, other: Cursor): boolean {
  return Y.compareRelativePositions(one.anchor, other.anchor) && Y.compareRelativePositions(one.head, other.head);
}
