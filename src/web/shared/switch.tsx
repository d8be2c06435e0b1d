import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface SwitchProps {
  readonly name: string;
  readonly isOn: boolean;
  readonly isDisabled?: boolean;
  readonly turn: (isOn: boolean) => void;
  /** The explanation below the name. */
  readonly children?: ComponentChildren;
}

export function Switch({ name, isOn, isDisabled = false, turn, children }: SwitchProps) {
  const id = useId();
  return (
    <div class="switch-row">
      <button
        type="button"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-help`}
        disabled={isDisabled}
        onClick={() => turn(!isOn)}
      >
        <span id={`${id}-name`}>{name}</span>
        <span class="switch-track" aria-hidden="true" />
      </button>
      <div id={`${id}-help`} class="hint">
        {children}
      </div>
    </div>
  );
}
