import { EditorView } from "@codemirror/view";

export const editorTheme = EditorView.theme({
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
  ".remote-selection": { backgroundColor: "color-mix(in srgb, var(--person) 20%, transparent)" },
  ".remote-caret": {
    position: "relative",
    display: "inline",
    margin: "0 -1px",
    borderLeft: "1px solid var(--person)",
    borderRight: "1px solid var(--person)",
    backgroundColor: "var(--person)",
  },
  // The name is visible for a moment after each move of its caret, and while the caret is hovered over. It fills the gap
  // above its line. The gap is measured from the line's middle, because letters reach about equally far from there in all
  // fonts.
  ".remote-name": {
    position: "absolute",
    left: "-1px",
    bottom: "calc(50% + .45rem)",
    zIndex: "101",
    maxWidth: "10rem",
    padding: "1px .4em",
    borderRadius: "3px",
    backgroundColor: "var(--person)",
    color: "var(--on-person)",
    animation: "remote-name 2.5s step-end forwards",
    fontFamily: "inherit",
    fontSize: ".7rem",
    fontStyle: "normal",
    fontWeight: "600",
    lineHeight: "1",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    userSelect: "none",
  },
  ".remote-caret:hover .remote-name": { animation: "none" },
  "@keyframes remote-name": { to: { visibility: "hidden" } },
  // A name that does not fit to the right of its caret moves to the left of it.
  "@supports (anchor-scope: --caret)": {
    ".remote-caret": { position: "static", anchorName: "--caret", anchorScope: "--caret" },
    ".remote-name": {
      left: "anchor(left)",
      bottom: "calc(anchor(center) + .45rem)",
      positionAnchor: "--caret",
      positionTryFallbacks: "flip-inline",
    },
  },
});
