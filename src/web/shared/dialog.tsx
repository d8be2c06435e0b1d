import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface DialogProps {
  readonly title: string;
  /** Called when the user closes the dialog: with its button, with Escape, or with a click beside it. */
  readonly close: () => void;
  /** Neither Escape nor a click beside the dialog closes it: something would be lost. */
  readonly isKept?: boolean;
  readonly children?: ComponentChildren;
}

/** A modal dialog, open for as long as it is rendered. The browser keeps the focus in it and gives it back. */
export function Dialog({ title, close, isKept = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = useRef(true);
  const isPressedBeside = useRef(false);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      isOpen.current = false;
      element?.close();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      aria-labelledby={`${id}-title`}
      // The event of a dialog that is no longer rendered comes late: it must not close the next one.
      onClose={() => isOpen.current && close()}
      onCancel={(event) => isKept && event.preventDefault()}
      onPointerDown={({ target, currentTarget }) => {
        // A press in a field that is released beside the dialog selects text.
        isPressedBeside.current = target === currentTarget;
      }}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget && isPressedBeside.current && !isKept) currentTarget.close();
      }}
    >
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
