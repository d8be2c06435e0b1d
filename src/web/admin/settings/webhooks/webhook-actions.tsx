import { useState } from "preact/hooks";
import type { WebhookFacts } from "../../../../client/webhook-endpoints.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useSession } from "../../entry/session.ts";
import { goTo, linkTo } from "../../frame/address.ts";
import { announce } from "../../parts/announcer.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { SecretDialog } from "./secret-dialog.tsx";
import { fieldsOf } from "./webhook-fields.ts";
import { WebhookForm } from "./webhook-form.tsx";
import { attemptText } from "./webhook-words.ts";

export interface WebhookActionsProps {
  readonly webhook: WebhookFacts;
  /** Called when something has changed. */
  readonly changed: () => void;
}

type Open = "form" | "rotate" | "delete" | { readonly secret: string };

/** The actions on one webhook. Each tells its outcome. */
export function WebhookActions({ changed, webhook }: WebhookActionsProps) {
  const { webhooks } = useSession().client;
  const { id, url } = webhook;
  const [open, setOpen] = useState<Open>();
  const [isTesting, setTesting] = useState(false);
  const close = () => setOpen(undefined);
  const tell = (action: Promise<string>) =>
    action.then(announce, (error: unknown) => announce(sentenceOf(error), "away")).then(changed);
  const test = async () => {
    setTesting(true);
    const attempt = await webhooks.test(id).finally(() => setTesting(false));
    if (attempt.outcome !== "delivered") throw new Error(`The test failed: ${attemptText(attempt)}.`);
    return `The application accepted the test: ${attemptText(attempt)}.`;
  };
  const turn = async () => {
    const { disabled } = await webhooks.change(id, { enabled: webhook.disabled !== null });
    return disabled === null ? "The webhook is enabled." : "The webhook is disabled. Changes wait for it.";
  };
  return (
    <>
      <div class="actions-start">
        <button type="button" aria-disabled={isTesting} onClick={() => void (isTesting || tell(test()))}>
          {isTesting ? "Testing…" : "Send a test"}
        </button>
        <button type="button" onClick={() => setOpen("form")}>
          Change
        </button>
        <button type="button" onClick={() => setOpen("rotate")}>
          New secret
        </button>
        <button type="button" onClick={() => void tell(turn())}>
          {webhook.disabled === null ? "Disable" : "Enable"}
        </button>
        <button type="button" onClick={() => setOpen("delete")}>
          Delete
        </button>
      </div>
      {open === "form" && (
        <WebhookForm
          title="Change the webhook"
          action="Save"
          initial={fieldsOf(webhook)}
          close={close}
          submit={async (settings) => {
            await webhooks.change(id, settings);
            close();
            announce("The webhook was changed.");
            changed();
          }}
        />
      )}
      {open === "rotate" && (
        <ConfirmDialog
          title="Create a new secret"
          action="Create"
          close={() => setOpen((before) => (before === "rotate" ? undefined : before))}
          confirm={async () => {
            const { secret } = await webhooks.rotateSecret(id);
            setOpen({ secret });
            changed();
          }}
        >
          <p>
            For one day, messages are signed with both secrets. Give the new secret to your application in that time.
          </p>
        </ConfirmDialog>
      )}
      {open === "delete" && (
        <ConfirmDialog
          title="Delete the webhook"
          action="Delete"
          isDangerous
          close={close}
          confirm={async () => {
            await webhooks.delete(id);
            announce("The webhook was deleted.");
            goTo(linkTo("settings", ["webhooks"]), { replace: true });
          }}
        >
          <p>
            <bdi class="long-title">{url}</bdi> gets no more messages. Those that wait for it are removed.
          </p>
        </ConfirmDialog>
      )}
      {typeof open === "object" && (
        <SecretDialog secret={open.secret} note="The old secret stays valid for one day." close={close} />
      )}
    </>
  );
}
