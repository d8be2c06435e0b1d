import { lstatSync } from "node:fs";
import { join } from "node:path";
import { parseWebhookSecret, shortestSecretBytes } from "../config/auth-settings.ts";
import { createDataFolder } from "./data-folder.ts";
import type { ContentFault, FolderContent } from "./folder-content.ts";
import { loadOrCreateSecret, readSecrets, SecretsFileUnreadable, secretsName } from "./secrets-file.ts";

/**
 * The secrets that the server generates, unless they are given, and keeps in the data folder. Without a folder they
 * last as long as the process.
 */
export class OwnSecrets implements FolderContent {
  readonly #folder: string | undefined;
  /** The secrets in use that are not given, by name. */
  readonly #inUse = new Map<string, string>();
  #hasGenerated = false;
  /** The version of the file that held all of them. */
  #checkedVersion: string | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** Whether a secret was not there yet. */
  get hasGenerated(): boolean {
    return this.#hasGenerated;
  }

  /** The secrets that sign and verify the server's tokens. Throws `SecretsFileUnreadable` or the system's error. */
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
    const text = this.#load("auth.webhook-secret", () => `whsec_${randomBytes().toBase64()}`);
    const secret = parseWebhookSecret(text);
    if (secret !== undefined) return [secret];
    throw this.#unreadable('holds an "auth.webhook-secret" that is not a Standard Webhooks secret');
  }

  /** Other programs may replace the file and add secrets: the secrets in it count, not the file. */
  findFault(): ContentFault | undefined {
    if (this.#folder === undefined || this.#inUse.size === 0) return undefined;
    const path = join(this.#folder, secretsName);
    try {
      const version = versionOf(path);
      if (version === undefined) return { path, state: "deleted" };
      if (version === this.#checkedVersion) return undefined;
      const found = readSecrets(path);
      for (const [name, text] of this.#inUse) {
        if (found.get(name) !== text) return { path, state: found.has(name) ? "replaced" : "deleted" };
      }
      this.#checkedVersion = version;
      return undefined;
    } catch (error) {
      return { path, state: error instanceof SecretsFileUnreadable ? "replaced" : "unreachable" };
    }
  }

  async restore(): Promise<void> {
    if (this.#folder === undefined) return;
    for (const [name, text] of this.#inUse) loadOrCreateSecret(this.#folder, name, () => text);
  }

  #loadText(name: string): string {
    const text = this.#load(name, () => randomBytes().toBase64({ alphabet: "base64url", omitPadding: true }));
    if (Buffer.byteLength(text) >= shortestSecretBytes) return text;
    throw this.#unreadable(`holds a secret "${name}" of less than ${shortestSecretBytes} bytes`);
  }

  #load(name: string, generate: () => string): string {
    if (this.#folder === undefined) return generate();
    createDataFolder(this.#folder);
    const { text, isNew } = loadOrCreateSecret(this.#folder, name, generate);
    this.#hasGenerated ||= isNew;
    this.#inUse.set(name, text);
    return text;
  }

  #unreadable(problem: string): SecretsFileUnreadable {
    return new SecretsFileUnreadable(this.#folder ?? "", problem);
  }
}

/** Differs after every change of the file; undefined if there is none. */
function versionOf(path: string): string | undefined {
  const facts = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return facts && `${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(shortestSecretBytes));
}
