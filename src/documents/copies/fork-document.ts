import { DocumentDeleted } from "../../relay/document/document-deleted.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import type { Moment } from "../../storage/history/history-store.ts";
import type { Documents } from "../documents.ts";
import type { ContentRequest, DocumentContent } from "../edits/document-content.ts";
import type { DocumentHistory } from "../history/document-history.ts";

export interface ForkCollaborators {
  readonly documents: Pick<Documents, "write">;
  readonly content: Pick<DocumentContent, "read">;
  readonly documentHistory: Pick<DocumentHistory, "read">;
  /** Whether deleted content of the document with this name is kept. */
  readonly keepsDeleted: (document: string) => boolean;
}

export interface ForkOrder extends Omit<ContentRequest<unknown>, "job"> {
  /** The name of the new document. */
  readonly to: string;
  /** The moment of which the content is copied; by default the present. */
  readonly moment?: Moment | undefined;
  /** The user id that is stored with it. */
  readonly user: string | undefined;
}

/**
 * `missing`: there is no such document. `exists`: another document has the name, or had it and is deleted. `empty`: there is
 * nothing to copy, and a document without content is none.
 */
export type ForkOutcome =
  | Extract<WriteOutcome, { readonly kind: "written" | "too-large" }>
  | { readonly kind: "missing" }
  | { readonly kind: "exists" }
  | { readonly kind: "empty" };

/**
 * Creates a document with the content of another one, exactly once. Content that was deleted in the other one is not copied,
 * unless it is kept there for applications that go back to earlier states; a moment is copied without it. Rejects as
 * `DocumentContent.read`, `DocumentHistory.read` and `Documents.write`.
 */
export async function forkDocument(collaborators: ForkCollaborators, order: ForkOrder): Promise<ForkOutcome> {
  const read = await readSource(collaborators, order);
  if (read === undefined) return { kind: "missing" };
  const { to, user } = order;
  const { documents } = collaborators;
  try {
    const condition = (sequence: number) => sequence === 0;
    const outcome = await documents.write({ document: to, update: read.body, user, condition });
    if (outcome.kind === "refused") return { kind: "exists" };
    return outcome.kind === "written" && !outcome.isChanged ? { kind: "empty" } : outcome;
  } catch (error) {
    if (error instanceof DocumentDeleted) return { kind: "exists" };
    throw error;
  }
}

/** The document as one update. */
async function readSource(
  { content, documentHistory, keepsDeleted }: ForkCollaborators,
  { moment, ...order }: ForkOrder,
): Promise<{ readonly body: Uint8Array } | undefined> {
  const job = { kind: "update", format: 1 } as const;
  if (moment !== undefined) return documentHistory.read(order, moment, job);
  const found = await content.read({ ...order, job: { ...job, collected: !keepsDeleted(order.document) } });
  return found && { body: await found.body.bytes() };
}
