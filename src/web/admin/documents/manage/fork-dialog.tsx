import { useState } from "preact/hooks";
import type { Document } from "../../../../client/document.ts";
import type { Moment } from "../../../../client/history.ts";
import { goTo, linkTo } from "../../frame/address.ts";
import { announce } from "../../parts/announcer.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";

export interface ForkDialogProps {
  readonly document: Document;
  /** The moment of which the content is copied; undefined: the current one. */
  readonly moment?: Moment;
  readonly close: () => void;
}

/** Copies the content of a document into a new one, and goes to it. */
export function ForkDialog({ close, document, moment }: ForkDialogProps) {
  const [name, setName] = useState(`${document.name}-copy`);
  const fork = async () => {
    await document.fork(name, { at: moment });
    announce(`The content was copied to “${name}”.`);
    goTo(linkTo("documents", [name]));
  };
  return (
    <ConfirmDialog title="Fork the document" action="Fork" confirm={fork} close={close}>
      <p>
        {moment === undefined ? "The current content" : "The content of that moment"} is copied into a new document,
        which has a history of its own. This document stays as it is.
      </p>
      <label>
        Name of the new document
        <input
          value={name}
          required
          dir="auto"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
    </ConfirmDialog>
  );
}
