/** The kinds of failure of a webhook call. The set is small, so that each can be looked up in the manual. */
export type WebhookFailureKind =
  /** The webhook failed too often, and is not called for some seconds. */
  | "suspended"
  | "timeout"
  /** Too many requests of one address block are queued; the webhook was not called. */
  | "queue-full"
  | "unreachable"
  | "redirect"
  | "status"
  | "too-large"
  | "not-json"
  | "bad-access"
  | "bad-user"
  | "bad-expires-at"
  | "expires-at-in-seconds"
  | "bad-content";

/** A webhook call that has neither granted nor denied access. */
export class WebhookFailure extends Error {
  readonly kind: WebhookFailureKind;
  /** The HTTP status, or the code of a system error. */
  readonly detail: string | number | undefined;

  constructor(kind: WebhookFailureKind, detail?: string | number) {
    super(kind);
    this.name = "WebhookFailure";
    this.kind = kind;
    this.detail = detail;
  }
}
