import type { ComponentChildren } from "preact";

export type Tone = "good" | "busy" | "away";

export interface TileProps {
  readonly label: string;
  readonly value: ComponentChildren;
  /** A sentence below the value. */
  readonly hint?: ComponentChildren;
  /** A state in colour. The words say it too. */
  readonly tone?: Tone | undefined;
}

/** One figure, or the state of one thing. */
export function Tile({ hint, label, tone, value }: TileProps) {
  return (
    <div class="tile" data-tone={tone}>
      <dt>{label}</dt>
      <dd class="tile-value">{value}</dd>
      {hint !== undefined && <dd class="hint">{hint}</dd>}
    </div>
  );
}
