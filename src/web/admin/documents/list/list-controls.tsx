import { useEffect, useRef, useState } from "preact/hooks";
import { goTo } from "../../frame/address.ts";
import { listAddress } from "./list-address.ts";
import { type ListPlace, orders } from "./list-order.ts";

/** The time without a key press after which the list is searched. */
const settledMs = 250;

export interface ListControlsProps {
  readonly shown: ListPlace;
}

/** The search by the beginning of a name, the order, and the filter of deleted documents. */
export function ListControls({ shown }: ListControlsProps) {
  const first = { ...shown, after: undefined };
  return (
    <div class="list-controls">
      <PrefixField shown={first} />
      <nav class="choices" aria-label="Sort by">
        <span class="hint" aria-hidden="true">
          Sort by
        </span>
        {orders.map(({ id, label }) => (
          <a
            key={id}
            href={listAddress({ ...first, order: id })}
            aria-current={shown.order === id ? "true" : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      <nav class="choices" aria-label="Show">
        <a href={listAddress({ ...first, isDeleted: false })} aria-current={shown.isDeleted ? undefined : "true"}>
          Current
        </a>
        <a href={listAddress({ ...first, isDeleted: true })} aria-current={shown.isDeleted ? "true" : undefined}>
          Deleted
        </a>
      </nav>
    </div>
  );
}

function PrefixField({ shown }: ListControlsProps) {
  const [text, setText] = useState(shown.prefix);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sought = useRef(shown.prefix);
  useEffect(() => {
    // The browser's Back, or a link, has changed the address.
    if (shown.prefix === sought.current) return;
    sought.current = shown.prefix;
    setText(shown.prefix);
  }, [shown.prefix]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const seek = (prefix: string) => {
    clearTimeout(timer.current);
    sought.current = prefix;
    goTo(listAddress({ ...shown, prefix }), { replace: true });
  };
  return (
    <search class="prefix-field">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          seek(text);
        }}
      >
        <label>
          <span class="unseen">Name begins with</span>
          <input
            type="search"
            value={text}
            placeholder="Name begins with…"
            autocomplete="off"
            spellcheck={false}
            dir="auto"
            onInput={({ currentTarget: { value } }) => {
              setText(value);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => seek(value), settledMs);
            }}
          />
        </label>
      </form>
    </search>
  );
}
