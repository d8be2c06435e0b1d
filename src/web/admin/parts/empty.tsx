import type { ComponentChildren } from "preact";

export interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Says that there is nothing to show, and what would change that. */
export function Empty({ children, title }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
