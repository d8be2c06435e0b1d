import { useEffect, useState } from "preact/hooks";
import { copyText } from "./clipboard.ts";

const shownMs = 2500;

export interface CopyButtonProps {
  readonly label: string;
  readonly text: string;
  /** The button is the one that is used most beside others. */
  readonly isPrimary?: boolean;
}

/** A button that copies a text. The outcome appears beside it, and its label stays the same. */
export function CopyButton({ isPrimary = false, label, text }: CopyButtonProps) {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    if (outcome === "") return undefined;
    const timer = setTimeout(() => setOutcome(""), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => void copyText(text).then((isCopied) => setOutcome(isCopied ? "Copied" : "Select and copy it"));
  return (
    <span class="copy">
      <button type="button" class={isPrimary ? "button primary" : undefined} onClick={copy}>
        {label}
      </button>
      <span class="copy-outcome" aria-live="polite">
        {outcome}
      </span>
    </span>
  );
}
