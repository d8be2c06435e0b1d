import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { formatCounted } from "../../parts/formats.ts";
import { type ChangesOfRoots, type RootChange, summaryOf } from "./root-changes.ts";
import { TextChanges } from "./text-changes.tsx";
import { ValueChanges } from "./value-changes.tsx";

/** The roots that are open at the beginning, and those that are listed. */
const mostOpen = 3;
const mostListed = 50;

export interface RootChangesListProps {
  readonly changes: ChangesOfRoots;
  /** Shown below the difference of a text. */
  readonly below?: ((root: string) => ComponentChildren) | undefined;
}

/** The roots of a document that differ, each with its difference. */
export function RootChangesList({ below, changes: { changed, unchanged } }: RootChangesListProps) {
  return (
    <div class="root-changes">
      {changed.slice(0, mostListed).map((change, index) => (
        <Root key={change.root} change={change} isOpenAtFirst={index < mostOpen} below={below} />
      ))}
      {changed.length > mostListed && (
        <p class="hint">{formatCounted(changed.length - mostListed, "more root")} with changes.</p>
      )}
      {unchanged.length > 0 && (
        <p class="hint">
          Unchanged: <bdi>{unchanged.slice(0, mostListed).join(", ")}</bdi>
          {unchanged.length > mostListed && ", …"}
        </p>
      )}
    </div>
  );
}

interface RootProps extends Pick<RootChangesListProps, "below"> {
  readonly change: RootChange;
  readonly isOpenAtFirst: boolean;
}

function Root({ below, change, isOpenAtFirst }: RootProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <bdi>{change.root}</bdi> <span class="hint">{summaryOf(change)}</span>
      </summary>
      {isOpen &&
        (change.kind === "text" ? <TextChanges changes={change.changes} /> : <ValueChanges changes={change.changes} />)}
      {isOpen && change.kind === "text" && below?.(change.root)}
    </details>
  );
}
