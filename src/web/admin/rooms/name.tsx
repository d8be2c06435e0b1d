import { ShownName } from "../parts/shown-name.tsx";

export interface NameProps {
  readonly text: string;
  /** The name is not one that the member has given itself. */
  readonly isMadeUp?: boolean;
}

/** A name of any length and direction, in two lines at most. */
export function Name({ isMadeUp = false, text }: NameProps) {
  return (
    <span class={isMadeUp ? "name made-up" : "name"} title={text.length > 40 ? text : undefined}>
      <ShownName name={text} />
    </span>
  );
}
