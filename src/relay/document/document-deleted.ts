import type { Denial } from "../../auth/authorizer.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** The denial for clients that are in a document when it is deleted. */
export const deletedDenial: Denial = {
  granted: false,
  kind: "deleted",
  code: "deleted",
  reason: "the document was deleted",
};

/** The document is deleted: nobody can enter it, and it takes no updates. */
export class DocumentDeleted extends SessionError {
  constructor() {
    super(closeReasons.documentDeleted, deletedDenial.reason);
    this.name = "DocumentDeleted";
  }
}

/** Throws an error again if the document is deleted. */
export function throwIfDeleted(error: unknown): void {
  if (error instanceof DocumentDeleted) throw error;
}
