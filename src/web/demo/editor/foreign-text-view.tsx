import type { ForeignText } from "../document/text-content.ts";

/** A text that the editor cannot edit, with placeholders for what is not text. */
export function ForeignTextView({ text: { pieces, isWhole } }: { readonly text: ForeignText }) {
  return (
    <div class="foreign-text">
      <p class="foreign-notice" role="status">
        This document holds content that this demo cannot edit. Its text is read-only here.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it */}
      <div class="foreign-content" role="document" tabIndex={0} aria-label="Shared text, read-only">
        {pieces.map((piece, index) =>
          piece.kind === "text" ? (
            piece.text
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity
            <span key={index} class="foreign-piece">
              {piece.label}
            </span>
          ),
        )}
        {!isWhole && <p class="foreign-notice">The rest is not shown.</p>}
      </div>
    </div>
  );
}
