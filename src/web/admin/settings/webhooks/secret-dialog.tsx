import { CopyButton } from "../../../shared/copy-button.tsx";
import { Dialog } from "../../../shared/dialog.tsx";

export interface SecretDialogProps {
  readonly secret: string;
  /** A sentence about the old secret. */
  readonly note?: string;
  readonly close: () => void;
}

/** Shows the secret of a webhook, which nothing shows again. */
export function SecretDialog({ close, note, secret }: SecretDialogProps) {
  return (
    <Dialog title="Webhook secret" close={close} isKept>
      <div class="stack">
        <p>
          Your application verifies the signatures with it. <strong>It is shown only once.</strong> {note}
        </p>
        <p class="secret-text">
          <code>{secret}</code>
        </p>
        <div class="actions">
          <CopyButton label="Copy the secret" text={secret} />
          <button type="button" class="button primary" onClick={close}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
