import { useEffect, useRef, useState } from "preact/hooks";
import type { RoomKind } from "../../../client/server/facts.ts";
import { goTo, linkTo } from "../frame/address.ts";

export interface PrefixFieldProps {
  readonly kind: RoomKind;
  readonly prefix: string;
}

const settledMs = 250;

/** The beginning of the names that are listed. It is in the address shortly after the last key. */
export function PrefixField({ kind, prefix }: PrefixFieldProps) {
  const [text, setText] = useState(prefix);
  const written = useRef(prefix);
  useEffect(() => {
    // Another address than the field has written, as by the browser's Back, is taken over.
    if (prefix !== written.current) setText(prefix);
    written.current = prefix;
  }, [prefix]);
  useEffect(() => {
    if (text === written.current) return undefined;
    const timer = setTimeout(() => {
      written.current = text;
      goTo(linkTo("rooms", [], { kind, prefix: text }), { replace: true });
    }, settledMs);
    return () => clearTimeout(timer);
  }, [text, kind]);
  return (
    <label class="prefix">
      Name begins with
      <input
        type="search"
        value={text}
        placeholder="notes/"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </label>
  );
}
