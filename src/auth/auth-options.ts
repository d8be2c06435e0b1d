/** Who may enter, as it has been configured. */
export interface AuthOptions {
  /** Who decides about rooms. Tokens for the administration are checked in every mode. */
  readonly mode: "open" | "token" | "webhook";
  /** Of HS256. The first signs, all are believed; without one the server makes its own. */
  readonly secrets: readonly string[];
  /** The keys of who else makes tokens: an http(s) URL, or the path of a file. */
  readonly jwks?: string;
  /** What `iss` and `aud` of every token must be. */
  readonly issuer?: string;
  readonly audience?: string;
  /** Given in its mode, and in no other. All secrets sign; without one the server makes its own. */
  readonly webhook?: { readonly url: string; readonly secrets: readonly Uint8Array[] };
  /** Whether the others see the presence of who may only read. */
  readonly readersShowPresence: boolean;
}
