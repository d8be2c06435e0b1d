import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface FocusAfter<E extends HTMLElement> {
  readonly target: RefObject<E | null>;
  /** Called when the element that opened the dialog will go away. */
  readonly due: () => void;
}

/** Moves the focus to `target` once a dialog is closed, if the element that opened it goes away with what was deleted. */
export function useFocusAfter<E extends HTMLElement>(isOpen: boolean): FocusAfter<E> {
  const target = useRef<E>(null);
  const isDue = useRef(false);
  useEffect(() => {
    // Nothing beside a modal dialog takes the focus while the dialog is open.
    if (isOpen || !isDue.current) return;
    isDue.current = false;
    target.current?.focus();
  }, [isOpen]);
  return {
    target,
    due: () => {
      isDue.current = true;
    },
  };
}
