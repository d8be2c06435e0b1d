import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "../../shared/dialog.tsx";
import { sentenceOf } from "../data/sentence-of.ts";
import { announce } from "./announcer.tsx";
import { Problem } from "./problem.tsx";

export interface ConfirmDialogProps {
  readonly title: string;
  /** The verb of the button, such as `Delete`. */
  readonly action: string;
  /** The action cannot be taken back. */
  readonly isDangerous?: boolean;
  /** The text that must be typed before the action is possible. */
  readonly typed?: string;
  /** Called with the confirmation. The dialog stays open with the reason if it rejects. */
  readonly confirm: () => Promise<void>;
  readonly close: () => void;
  readonly children?: ComponentChildren;
}

/** Asks before an action, and tells why it has failed. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { action, children, close, confirm, isDangerous = false, title, typed } = props;
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const isOpen = useRef(true);
  useEffect(
    () => () => {
      isOpen.current = false;
    },
    [],
  );
  const isAllowed = typed === undefined || text === typed;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!isAllowed || isBusy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await confirm();
      if (isOpen.current) close();
    } catch (error) {
      if (!isOpen.current) announce(sentenceOf(error), "away");
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form class="stack" onSubmit={submit}>
        {children}
        {typed !== undefined && (
          <label>
            <span>
              Type <bdi class="typed">{typed}</bdi> to confirm
            </span>
            <input
              value={text}
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </label>
        )}
        {problem !== undefined && <Problem why={problem} />}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous ? "button danger" : "button primary"}
            disabled={!isAllowed || isBusy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
