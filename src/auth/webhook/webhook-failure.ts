/** What can go wrong when the application is asked: one of few, so it can be looked up. */
export type WebhookFailureKind =
  /** It failed too often, and is not asked for some seconds. */
  | "suspended"
  | "timeout"
  /** Too much of one address waits already: the application was not asked. */
  | "crowd"
  | "unreachable"
  | "redirect"
  | "status"
  | "too-large"
  | "not-json"
  | "bad-access"
  | "bad-user"
  | "bad-expires-at"
  | "expires-at-in-seconds";

/** The application has said neither yes nor no. */
export class WebhookFailure extends Error {
  readonly kind: WebhookFailureKind;
  /** A status, or the code of a system error. */
  readonly detail: string | number | undefined;

  constructor(kind: WebhookFailureKind, detail?: string | number) {
    super(kind);
    this.name = "WebhookFailure";
    this.kind = kind;
    this.detail = detail;
  }
}
