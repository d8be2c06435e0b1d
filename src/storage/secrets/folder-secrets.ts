import { lstatSync } from "node:fs";
import { join } from "node:path";
import { createDataFolder } from "../data-folder.ts";
import type { ContentFault, FolderContent } from "../folder-content.ts";
import { type Secret, type SecretName, type SecretSource, secretGenerators } from "./own-secrets.ts";
import { loadOrCreateSecret, readSecrets, SecretsFileUnreadable, secretsName } from "./secrets-file.ts";

/** The secrets that a server generates, in a file of its data folder. */
export class FolderSecrets implements SecretSource, FolderContent {
  readonly #folder: string;
  /** The secrets in use, by name. */
  readonly #inUse = new Map<string, string>();
  /** The version of the file that held all of them. */
  #checkedVersion: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the data folder as well, if it does not exist. Throws `SecretsFileUnreadable` or the system's error. */
  load(name: SecretName): Secret {
    createDataFolder(this.#folder);
    const secret = loadOrCreateSecret(this.#folder, name, secretGenerators[name]);
    this.#inUse.set(name, secret.text);
    return secret;
  }

  unreadable(problem: string): SecretsFileUnreadable {
    return new SecretsFileUnreadable(this.#folder, problem);
  }

  /** Other programs may replace the file and add secrets: the secrets in it count, not the file. */
  findFault(): ContentFault | undefined {
    if (this.#inUse.size === 0) return undefined;
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
    for (const [name, text] of this.#inUse) loadOrCreateSecret(this.#folder, name, () => text);
  }
}

/** Differs after every change of the file; undefined if there is none. */
function versionOf(path: string): string | undefined {
  const facts = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return facts && `${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
}
