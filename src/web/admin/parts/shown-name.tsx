import { visibleName } from "./visible-name.ts";

export interface ShownNameProps {
  readonly name: string;
}

/**
 * A name that others have chosen. Its direction does not spread to the text beside it, and characters that cannot be seen
 * are shown as escapes, so that two names never look the same.
 */
export function ShownName({ name }: ShownNameProps) {
  return <bdi class="shown-name">{visibleName(name)}</bdi>;
}
