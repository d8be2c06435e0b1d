import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Brings the reader back to the beginning of a list when another page of it is shown. */
export function useFocusOnPage<E extends HTMLElement>(page: string | undefined): RefObject<E | null> {
  const list = useRef<E>(null);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    list.current?.focus();
    list.current?.scrollIntoView({ block: "nearest" });
  }, [page]);
  return list;
}
