import { useEffect, useRef, useState } from "preact/hooks";

export interface PrefixFieldProps {
  /** The prefix in the address. */
  readonly prefix: string;
  /** Writes another one into the address. */
  readonly seek: (prefix: string) => void;
}

/** The time without a key press after which the list is searched. */
const settledMs = 250;

/** Searches a list by the beginning of its names: with Enter, or shortly after the last key. */
export function PrefixField({ prefix, seek }: PrefixFieldProps) {
  const [text, setText] = useState(prefix);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sought = useRef(prefix);
  // Another part of the list may be shown when the timer ends.
  const latest = useRef(seek);
  latest.current = seek;
  useEffect(() => {
    // The browser's Back, or a link, has changed the address.
    if (prefix === sought.current) return;
    sought.current = prefix;
    setText(prefix);
  }, [prefix]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const seekNow = (wanted: string) => {
    clearTimeout(timer.current);
    sought.current = wanted;
    latest.current(wanted);
  };
  return (
    <search class="prefix-field">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          seekNow(text);
        }}
      >
        <label>
          <span class="unseen">Name begins with</span>
          <input
            type="search"
            value={text}
            placeholder="Name begins with…"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            dir="auto"
            onInput={({ currentTarget: { value } }) => {
              setText(value);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => seekNow(value), settledMs);
            }}
          />
        </label>
      </form>
    </search>
  );
}
