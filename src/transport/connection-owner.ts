import type { CloseReason } from "./close-reason.ts";

/** The owner that a connection reports its end and its errors to. */
export interface ConnectionOwner {
  /** Our side ends the connection; `detail` as in `Connection.close`. */
  closed(reason: CloseReason, detail: string | undefined): void;
  /** A task that waited for the last byte has thrown, or a session refuses its client. */
  failed(error: unknown): void;
}
