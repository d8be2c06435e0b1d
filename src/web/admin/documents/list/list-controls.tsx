import { goTo } from "../../frame/address.ts";
import { PrefixField } from "../../parts/prefix-field.tsx";
import { listAddress } from "./list-address.ts";
import { type ListPlace, orders } from "./list-order.ts";

export interface ListControlsProps {
  readonly shown: ListPlace;
}

/** The search by the beginning of a name, the order, and the filter of deleted documents. */
export function ListControls({ shown }: ListControlsProps) {
  const first = { ...shown, after: undefined };
  return (
    <div class="list-controls">
      <PrefixField
        prefix={shown.prefix}
        seek={(prefix) => goTo(listAddress({ ...first, prefix }), { replace: true })}
      />
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
