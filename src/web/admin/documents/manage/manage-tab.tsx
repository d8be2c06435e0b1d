import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { announce } from "../../parts/announcer.tsx";
import { formatBytes } from "../../parts/formats.ts";
import { download } from "./download.ts";
import { exportFile } from "./export-file.ts";
import { ForkDialog } from "./fork-dialog.tsx";
import { type Asked, Question } from "./question.tsx";

export interface ManageTabProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
  /** Called when the document was deleted or undeleted. */
  readonly changed: () => void;
}

type Open = Asked | "fork";

/** The actions on a document as a whole. */
export function ManageTab({ changed, document, facts }: ManageTabProps) {
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const isDeleted = facts.deletedAt !== null;
  return (
    <>
      {isDeleted ? <Deleted document={document} changed={changed} /> : <Present document={document} show={setOpen} />}
      <section class="panel actions-list" aria-labelledby="danger-title">
        <h2 id="danger-title">Deletion</h2>
        {!isDeleted && (
          <>
            <Action title="Delete" help="Nobody can open it until it is undeleted.">
              <button type="button" onClick={() => setOpen("delete")}>
                Delete…
              </button>
            </Action>
            <Action
              title="Erase the history"
              help="The document stays as it is. Its versions and all deleted content are removed permanently."
            >
              <button type="button" onClick={() => setOpen("erase")}>
                Erase…
              </button>
            </Action>
          </>
        )}
        <Action title="Purge" help="The document is removed permanently, with its history. Backups still have it.">
          <button type="button" class="button danger" onClick={() => setOpen("purge")}>
            Purge…
          </button>
        </Action>
      </section>
      {open === "fork" && <ForkDialog document={document} close={close} />}
      {open !== undefined && open !== "fork" && <Question {...{ changed, close, document }} action={open} />}
    </>
  );
}

interface PresentProps {
  readonly document: Document;
  readonly show: (open: Open) => void;
}

function Present({ document, show }: PresentProps) {
  return (
    <section class="panel actions-list" aria-labelledby="manage-title">
      <h2 id="manage-title">Actions</h2>
      <Export document={document} />
      <Action title="Fork" help="Copies the content into a new document.">
        <button type="button" onClick={() => show("fork")}>
          Fork…
        </button>
      </Action>
      <Action title="Disconnect all clients" help="They may reconnect at once. Their access is checked again.">
        <button type="button" onClick={() => show("disconnect")}>
          Disconnect…
        </button>
      </Action>
    </section>
  );
}

function Deleted({ changed, document }: Pick<ManageTabProps, "changed" | "document">) {
  const undelete = async () => {
    try {
      await document.undelete();
      announce("The document was undeleted.");
    } catch (error) {
      announce(sentenceOf(error), "away");
    }
    changed();
  };
  return (
    <section class="panel actions-list" aria-labelledby="manage-title">
      <h2 id="manage-title">The document is deleted</h2>
      <Action title="Undelete" help="The document returns with its history, and clients can open it again.">
        <button type="button" class="button primary" onClick={() => void undelete()}>
          Undelete
        </button>
      </Action>
    </section>
  );
}

function Export({ document }: Pick<PresentProps, "document">) {
  const [isBusy, setBusy] = useState(false);
  const [history, setHistory] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const file = await exportFile(document, { history });
      download(file);
      announce(`Exported as ${file.name} (${formatBytes(file.content.size)}).`);
    } catch (error) {
      announce(sentenceOf(error), "away");
    }
    setBusy(false);
  };
  return (
    <Action title="Export" help="A file of JSON lines, which the API and yurt documents can import.">
      <label class="check">
        <input type="checkbox" checked={history} onChange={({ currentTarget }) => setHistory(currentTarget.checked)} />
        With history
      </label>
      <button type="button" disabled={isBusy} onClick={() => void save()}>
        {isBusy ? "Exporting…" : "Export"}
      </button>
    </Action>
  );
}

interface ActionProps {
  readonly title: string;
  readonly help: string;
  readonly children: ComponentChildren;
}

function Action({ children, help, title }: ActionProps) {
  return (
    <div class="action">
      <div>
        <h3>{title}</h3>
        <p class="hint">{help}</p>
      </div>
      <div class="actions">{children}</div>
    </div>
  );
}
