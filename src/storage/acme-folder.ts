import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { AcmeAccount, AcmeStorage, StoredCertificate } from "../tls/acme/acme-storage.ts";
import type { ContentFault, FolderContent } from "./folder-content.ts";
import { readOwnFile } from "./own-file.ts";
import { replaceFile } from "./replace-file.ts";

const accountSchema = v.object({
  privateKey: v.string(),
  url: v.optional(v.string()),
  email: v.optional(v.string()),
});

const folderName = "acme";
const accountName = "account.json";
const certificateName = "certificate.pem";
const keyEnd = /-----END [A-Z ]*PRIVATE KEY-----\n?/;

/**
 * The account and the certificate of one ACME authority, in files of a folder in the data folder. Each authority has a
 * folder: a change to a test authority and back costs no certificate.
 */
export class AcmeFolder implements AcmeStorage, FolderContent {
  readonly #path: string;
  /** The content of each file that the next start needs. */
  readonly #contents = new Map<string, string>();

  /** Creates the folder, with mode 0700, if it does not exist. `dataFolder` exists. Throws the system's error. */
  constructor(dataFolder: string, directoryUrl: URL) {
    this.#path = acmeFolderOf(dataFolder, directoryUrl);
    this.#create();
  }

  readAccount(): AcmeAccount | undefined {
    const text = this.#read(accountName);
    const parsed = v.safeParse(accountSchema, text === undefined ? undefined : parse(text));
    return parsed.success ? parsed.output : undefined;
  }

  writeAccount(account: AcmeAccount): void {
    this.#write(accountName, `${JSON.stringify(account, undefined, 2)}\n`);
  }

  /** Key and chain are one file, so that they are replaced together. */
  readCertificate(): StoredCertificate | undefined {
    const text = this.#read(certificateName);
    const end = text === undefined ? null : keyEnd.exec(text);
    if (text === undefined || end === null) return undefined;
    const length = end.index + end[0].length;
    return { privateKey: text.slice(0, length), chain: text.slice(length) };
  }

  writeCertificate({ chain, privateKey }: StoredCertificate): void {
    this.#write(certificateName, `${privateKey.trimEnd()}\n${chain}`);
  }

  findFault(): ContentFault | undefined {
    const missing = this.#missing()[0];
    return missing === undefined ? undefined : { path: join(this.#path, missing), state: "deleted" };
  }

  async restore(): Promise<void> {
    this.#create();
    for (const name of this.#missing()) replaceFile(join(this.#path, name), this.#contents.get(name) ?? "");
  }

  #missing(): readonly string[] {
    return [...this.#contents.keys()].filter((name) => !existsSync(join(this.#path, name)));
  }

  #create(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
  }

  #read(name: string): string | undefined {
    const text = readOwnFile(join(this.#path, name))?.toString();
    if (text !== undefined) this.#contents.set(name, text);
    return text;
  }

  #write(name: string, text: string): void {
    replaceFile(join(this.#path, name), text);
    this.#contents.set(name, text);
  }
}

/** The folder in a data folder for the authority with this directory. */
export function acmeFolderOf(dataFolder: string, directoryUrl: URL): string {
  const authority = `${directoryUrl.host}${directoryUrl.pathname}`.replaceAll(/[^a-z0-9.]+/gi, "-");
  return join(dataFolder, folderName, authority);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
