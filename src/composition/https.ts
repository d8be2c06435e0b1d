import { readFileSync } from "node:fs";
import type { Clock } from "../lib/time/clock.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { AcmeFolder } from "../storage/acme-folder.ts";
import type { FolderContent } from "../storage/folder-content.ts";
import { AcmeAuthority } from "../tls/acme/acme-authority.ts";
import { AcmeCertificates } from "../tls/acme/acme-certificates.ts";
import { Challenges } from "../tls/acme/challenges.ts";
import { type Certificate, CertificateUnusable } from "../tls/certificate.ts";
import { CertificateFiles } from "../tls/certificate-files.ts";
import type { Certificates } from "../tls/certificates.ts";
import { openHttpRedirect } from "../transport/listening/http-redirect.ts";
import type { HttpListener } from "../transport/monitoring/http-listener.ts";
import type { Part } from "./part.ts";
import type { AcmeOptions, HttpsOptions } from "./server-options.ts";

export interface HttpsDependencies {
  /** A hostname or address. */
  readonly host: string;
  /** The path of the data folder, in which certificates of an authority are kept. */
  readonly dataFolder: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The part of a server that gets its certificates and answers plain HTTP. */
export interface Https extends Part {
  /** The files of the data folder that the next start needs. */
  readonly contents: readonly FolderContent[];
  /** Undefined until there is a first certificate. */
  readonly certificate: Certificate | undefined;
  /**
   * Opens the port for plain HTTP, and hands every later certificate to `use`. Returns the URL of the port, if there is
   * one. Throws the system's error, with the `port` and the `setting`, when it cannot listen.
   */
  serve(httpsPort: number, use: (certificate: Certificate) => void): string | undefined;
}

/** Throws `CertificateUnusable`, or the system's error if the data folder cannot be written. */
export function openHttps(options: HttpsOptions, dependencies: HttpsDependencies): Https {
  const { clock, host, log } = dependencies;
  const challenges = new Challenges();
  const folder = openAcmeFolder(options, dependencies);
  const certificates = openCertificates(options, folder, { ...dependencies, challenges });
  let listener: HttpListener | undefined;
  return {
    contents: folder === undefined ? [] : [folder],
    get certificate() {
      return certificates.current;
    },
    serve(httpsPort, use) {
      const { domains: names, http } = options;
      const limitedLog = new LimitedLog(log, clock);
      listener = http && openHttpRedirect({ ...http, host, httpsPort, names, respond: challenges.respond, limitedLog });
      // An authority reads its challenges on this port.
      certificates.watch(use);
      return listener?.url;
    },
    whyNotReady: () => (certificates.current === undefined ? "there is no certificate yet" : undefined),
    reload: () => {
      // An order can take minutes, and reports its end to the log.
      void certificates.refresh();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([listener?.close(), certificates[Symbol.asyncDispose]()]);
    },
  };
}

function openAcmeFolder({ acme }: HttpsOptions, { dataFolder }: HttpsDependencies): AcmeFolder | undefined {
  return acme === undefined || dataFolder === undefined ? undefined : new AcmeFolder(dataFolder, acme.directoryUrl);
}

function openCertificates(
  { domains, files, acme }: HttpsOptions,
  storage: AcmeFolder | undefined,
  dependencies: HttpsDependencies & { readonly challenges: Challenges },
): Certificates {
  if (files !== undefined) return new CertificateFiles({ ...dependencies, ...files });
  if (acme === undefined || storage === undefined) {
    throw new TypeError("HTTPS needs certificate files, or an authority and a data folder");
  }
  const authority = new AcmeAuthority({ ...acmeOptionsOf(acme), ...dependencies, storage });
  return new AcmeCertificates({ ...dependencies, domains, storage, authority, random: Math.random });
}

function acmeOptionsOf({ directoryUrl, email, authorityRoots }: AcmeOptions) {
  return {
    directoryUrl,
    ...(email !== undefined && { email }),
    ...(authorityRoots !== undefined && { roots: readRoots(authorityRoots) }),
  };
}

function readRoots(path: string): string {
  const roots = readIfThere(path);
  if (roots?.includes("-----BEGIN CERTIFICATE-----")) return roots;
  throw new CertificateUnusable(`The file of --tls-acme-ca, ${path}, holds no PEM certificate`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
