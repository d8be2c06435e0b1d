import { formatCount, formatCounted } from "../../parts/formats.ts";
import { foldDiff, type ShownPart, visibleChange } from "./folded.ts";
import type { TextChange } from "./text-diff.ts";

export interface TextChangesProps {
  readonly changes: readonly TextChange[];
}

/** The difference of two texts. What was inserted is underlined, what was deleted is struck through. */
export function TextChanges({ changes }: TextChangesProps) {
  const { hiddenChanges, parts } = foldDiff(changes);
  return (
    <>
      <div class="diff" dir="auto">
        {parts.map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other identity
          <Part key={index} part={part} />
        ))}
      </div>
      {hiddenChanges > 0 && <p class="hint">{formatCounted(hiddenChanges, "more change")} left out.</p>}
    </>
  );
}

function Part({ part }: { readonly part: ShownPart }) {
  switch (part.kind) {
    case "same":
      return <span>{part.text}</span>;
    case "omitted":
      return <span class="diff-omitted">… {formatCount(part.count)} characters …</span>;
    case "added":
      return (
        <ins>
          <span class="unseen">inserted: </span>
          {visibleChange(part.text)}
        </ins>
      );
    case "removed":
      return (
        <del>
          <span class="unseen">deleted: </span>
          {visibleChange(part.text)}
        </del>
      );
  }
}
