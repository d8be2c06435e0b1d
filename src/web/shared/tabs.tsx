import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly content: () => ComponentChildren;
}

export interface TabsProps {
  readonly label: string;
  /** At least one; the first one is selected at the beginning. */
  readonly tabs: readonly Tab[];
}

/** Panels of which one is visible. The arrow keys select another one, as the ARIA pattern for tabs has it. */
export function Tabs({ label, tabs }: TabsProps) {
  const id = useId();
  const [chosen, choose] = useState(0);
  const selected = Math.min(chosen, tabs.length - 1);
  const focus = (index: number) => {
    choose(index);
    document.getElementById(`${id}-tab-${index}`)?.focus();
  };
  const keyDown = (event: KeyboardEvent) => {
    const next = nextTab(event.key, selected, tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    focus(next);
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={label} onKeyDown={keyDown}>
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-tab-${index}`}
            aria-selected={index === selected}
            aria-controls={`${id}-panel`}
            tabIndex={index === selected ? 0 : -1}
            onClick={() => choose(index)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-tab-${selected}`}>
        {tabs[selected]?.content()}
      </div>
    </div>
  );
}

function nextTab(key: string, selected: number, count: number): number | undefined {
  if (key === "ArrowRight") return (selected + 1) % count;
  if (key === "ArrowLeft") return (selected + count - 1) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
