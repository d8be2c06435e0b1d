import { DocumentDeleted } from "../../relay/document/document-deleted.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import type { Documents } from "../documents.ts";
import type { ContentRequest, DocumentContent } from "../edits/document-content.ts";

export interface ForkCollaborators {
  readonly documents: Pick<Documents, "write">;
  readonly content: Pick<DocumentContent, "read">;
  /** Whether deleted content of the document with this name is kept. */
  readonly keepsDeleted: (document: string) => boolean;
}

export interface ForkOrder extends Omit<ContentRequest<unknown>, "job"> {
  /** The name of the new document. */
  readonly to: string;
  /** The user id that is stored with it. */
  readonly user: string | undefined;
}

/** `missing`: there is no such document. `exists`: another document has the name, or had it and is deleted. */
export type ForkOutcome =
  | Extract<WriteOutcome, { readonly kind: "written" | "too-large" }>
  | { readonly kind: "missing" }
  | { readonly kind: "exists" };

/**
 * Creates a document with the content of another one, exactly once. What was deleted in the other one is not copied,
 * unless it is kept there for applications that go back to earlier states. Rejects as `DocumentContent.read` and
 * `Documents.write`.
 */
export async function forkDocument(
  { content, documents, keepsDeleted }: ForkCollaborators,
  { to, user, ...request }: ForkOrder,
): Promise<ForkOutcome> {
  const job = { kind: "update", format: 1, collected: !keepsDeleted(request.document) } as const;
  const read = await content.read({ ...request, job });
  if (read === undefined) return { kind: "missing" };
  try {
    const condition = (sequence: number) => sequence === 0;
    const outcome = await documents.write({ document: to, update: read.body, user, condition });
    return outcome.kind === "refused" ? { kind: "exists" } : outcome;
  } catch (error) {
    if (error instanceof DocumentDeleted) return { kind: "exists" };
    throw error;
  }
}
