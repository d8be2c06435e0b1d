import type { Document } from "../../../../client/document.ts";
import { goTo, linkTo } from "../../frame/address.ts";
import { announce } from "../../parts/announcer.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { formatCounted } from "../../parts/formats.ts";

/** The actions that are asked about before. */
export type Asked = "disconnect" | "delete" | "erase" | "purge";

export interface QuestionProps {
  readonly action: Asked;
  readonly document: Document;
  /** Called when the document was deleted, or has lost its history. */
  readonly changed: () => void;
  readonly close: () => void;
}

/** Asks before an action. */
export function Question({ action, changed, close, document }: QuestionProps) {
  switch (action) {
    case "disconnect":
      return (
        <ConfirmDialog
          title="Disconnect all clients"
          action="Disconnect"
          close={close}
          confirm={async () => {
            const { disconnected, partial } = await document.disconnect();
            const missing = partial === true ? " A node has not answered: its clients may still be connected." : "";
            announce(`Disconnected: ${formatCounted(disconnected, "client")}.${missing}`);
          }}
        >
          <p>Clients reconnect by themselves. To keep a user out, revoke the permissions under Access first.</p>
        </ConfirmDialog>
      );
    case "delete":
      return (
        <ConfirmDialog
          title="Delete the document"
          action="Delete"
          isDangerous
          close={close}
          confirm={async () => {
            await document.delete();
            announce("The document was deleted. It can be undeleted until it is purged.");
            changed();
          }}
        >
          <p>Its clients are disconnected. You can undelete it until it is purged, by default for 30 days.</p>
        </ConfirmDialog>
      );
    case "erase":
      return (
        <ConfirmDialog
          title="Erase the history"
          action="Erase"
          isDangerous
          close={close}
          confirm={async () => {
            await document.history.erase();
            announce("The history of the document was erased.");
            changed();
          }}
        >
          <p>Versions and deleted content are removed permanently. Earlier backups still have them.</p>
        </ConfirmDialog>
      );
    case "purge":
      return (
        <ConfirmDialog
          title="Purge the document"
          action="Purge"
          isDangerous
          typed={document.name}
          close={close}
          confirm={async () => {
            await document.purge();
            announce(`“${document.name}” was purged.`);
            goTo(linkTo("documents"));
          }}
        >
          <p>The document is removed permanently, with its history. This cannot be undone.</p>
        </ConfirmDialog>
      );
  }
}
