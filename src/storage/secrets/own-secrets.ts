import { parseWebhookSecret, shortestSecretBytes } from "../../config/auth-settings.ts";

/**
 * The secrets that a server generates unless they are given, with how each is made: those that sign tokens, TURN
 * credentials, requests to the application's webhook, and OctateCode's room tokens on servers that share them.
 */
export const secretGenerators = {
  "auth.secret": randomText,
  "turn.secret": randomText,
  "auth.webhook-secret": () => `whsec_${randomBytes().toBase64()}`,
  "signaling.room-secret": randomText,
} as const;

export type SecretName = keyof typeof secretGenerators;

export interface Secret {
  readonly text: string;
  /** Whether this call has generated the secret. */
  readonly isNew: boolean;
}

/** Keeps the secrets that a server has generated. */
export interface SecretSource {
  /** Reads a secret, or generates and keeps it. All who use the source get the same one. Throws the error of its medium. */
  load(name: SecretName): Secret;
  /** The error for a secret that cannot be used. `problem` goes on with "holds …". */
  unreadable(problem: string): Error;
}

/** Secrets that last as long as the process. */
export const passingSecrets: SecretSource = {
  load: (name) => ({ text: secretGenerators[name](), isNew: false }),
  unreadable: (problem) => new Error(`This process ${problem}.`),
};

/** The secrets of a server, as they are given, or as its source keeps them. */
export class OwnSecrets {
  readonly #source: SecretSource;
  #hasGenerated = false;

  constructor(source: SecretSource) {
    this.#source = source;
  }

  /** Whether a secret was not there yet. */
  get hasGenerated(): boolean {
    return this.#hasGenerated;
  }

  /** The secrets that sign and verify the server's tokens. Throws the error of the source. */
  signing(given: readonly string[]): readonly string[] {
    return given.length > 0 ? given : [this.#loadText("auth.secret")];
  }

  /** As `signing`, for the secrets of TURN credentials. */
  turn(given: readonly string[]): readonly string[] {
    return given.length > 0 ? given : [this.#loadText("turn.secret")];
  }

  /** As `signing`, for the secrets that sign requests to the application's webhook; decoded. */
  webhook(given: readonly Uint8Array[]): readonly Uint8Array[] {
    if (given.length > 0) return given;
    const secret = parseWebhookSecret(this.#load("auth.webhook-secret"));
    if (secret !== undefined) return [secret];
    throw this.#source.unreadable('holds an "auth.webhook-secret" that is not a Standard Webhooks secret');
  }

  /** The secret that signs the room tokens of OctateCode, for servers that share it. Throws likewise. */
  rooms(): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(this.#loadText("signaling.room-secret"));
  }

  #loadText(name: SecretName): string {
    const text = this.#load(name);
    if (Buffer.byteLength(text) >= shortestSecretBytes) return text;
    throw this.#source.unreadable(`holds a secret "${name}" of less than ${shortestSecretBytes} bytes`);
  }

  #load(name: SecretName): string {
    const { text, isNew } = this.#source.load(name);
    this.#hasGenerated ||= isNew;
    return text;
  }
}

function randomText(): string {
  return randomBytes().toBase64({ alphabet: "base64url", omitPadding: true });
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(shortestSecretBytes));
}
