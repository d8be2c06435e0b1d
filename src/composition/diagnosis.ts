import { existsSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { AcmeFolder, acmeFolderOf } from "../storage/acme-folder.ts";
import { type BackupFile, BackupFolder } from "../storage/backups/backup-folder.ts";
import { type FolderHolder, findFolderHolder } from "../storage/data-folder.ts";
import { readSecrets, secretsName } from "../storage/secrets/secrets-file.ts";
import { checkDatabase, databaseName, hasDatabase } from "../storage/sqlite/database-file.ts";
import { covers, readCertificate } from "../tls/certificate.ts";
import type { HttpsOptions } from "./server-options.ts";

/** The state of a data folder, found without changing it. */
export interface DataFolderState {
  /** The server that uses it; undefined if none does. */
  readonly holder: FolderHolder | undefined;
  readonly hasDatabase: boolean;
  /** Why the documents cannot be opened. Undefined if they can, and while a server has them open. */
  readonly databaseError: unknown;
  /** Why the file of secrets cannot be read. */
  readonly secretsError: unknown;
}

/** Throws the system's error when the folder cannot be read. */
export function inspectDataFolder(path: string): DataFolderState {
  const holder = findFolderHolder(path);
  const file = join(path, databaseName);
  return {
    holder,
    hasDatabase: hasDatabase(file),
    databaseError: holder === undefined ? errorOf(() => checkDatabase(file)) : undefined,
    secretsError: errorOf(() => readSecrets(join(path, secretsName))),
  };
}

function errorOf(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The server's own backups in a folder, the newest first. Throws the system's error when it cannot be read. */
export function scheduledBackupsIn(folder: string): readonly BackupFile[] {
  return new BackupFolder(folder).list();
}

/** The disk of a folder: what this process may still write to it, and whether it is on another machine. */
export interface DiskFacts {
  readonly freeBytes: number;
  /** The name of the file system if it is one of the network, on which SQLite's log does not work; else undefined. */
  readonly networkFileSystem: string | undefined;
}

/** By the numbers of statfs(2) on Linux. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x00c36400, "Ceph"],
]);

/** Throws the system's error if the folder does not exist. */
export function diskOf(folder: string): DiskFacts {
  const { bavail, bsize, type } = statfsSync(folder);
  const isLinux = process.platform === "linux";
  return { freeBytes: bavail * bsize, networkFileSystem: isLinux ? networkFileSystems.get(type) : undefined };
}

/** The certificate that a server has, or would start with. */
export interface StoredCertificate {
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** As `Certificate.names`. */
  readonly names: readonly string[];
  /** The domains that it does not name. */
  readonly missing: readonly string[];
}

/** Undefined if an authority has not issued one yet. Throws `CertificateUnusable` or the system's error. */
export function storedCertificate(https: HttpsOptions, dataFolder: string): StoredCertificate | undefined {
  const pem = pemOf(https, dataFolder);
  if (pem === undefined) return undefined;
  const certificate = readCertificate(pem.chain, pem.privateKey);
  const { validFrom, expiresAt, names } = certificate;
  return { validFrom, expiresAt, names, missing: https.domains.filter((domain) => !covers(certificate, domain)) };
}

function pemOf({ files, acme }: HttpsOptions, dataFolder: string) {
  if (files !== undefined) {
    return { chain: readFileSync(files.certificate, "utf8"), privateKey: readFileSync(files.key, "utf8") };
  }
  // An `AcmeFolder` would create its folder.
  if (acme === undefined || !existsSync(acmeFolderOf(dataFolder, acme.directoryUrl))) return undefined;
  return new AcmeFolder(dataFolder, acme.directoryUrl).readCertificate();
}
