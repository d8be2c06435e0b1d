import { readFileSync, statSync } from "node:fs";
import { errorCode } from "../lib/error-code.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { type Certificate, CertificateUnusable, readCertificate } from "./certificate.ts";
import type { Certificates } from "./certificates.ts";

export interface CertificateFilesOptions {
  /** The path of the certificate with its intermediates. */
  readonly certificate: string;
  /** The path of the private key. */
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const intervalMs = 10_000;
const day = 24 * 60 * 60 * 1_000;
/** A certificate with so little time left should have been renewed. */
const warningMs = 7 * day;

/**
 * A certificate in files, which other programs replace. The files are checked every 10 seconds, since a change of a
 * mounted secret or behind a symbolic link sends no event.
 *
 * The two files change one after the other: a pair that does not match is read again, and is reported only when it has
 * stayed as it was from one look to the next. The last good certificate stays in use.
 */
export class CertificateFiles implements Certificates {
  readonly #options: CertificateFilesOptions;
  #current: Certificate;
  #use: ((certificate: Certificate) => void) | undefined;
  /** The versions of the files at the last look. */
  #seen: string;
  /** The versions that are in use. */
  #inUse: string;
  /** The versions that are in use, or reported as unusable. */
  #handled: string;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** Throws `CertificateUnusable`, also when a file cannot be read. */
  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#seen = this.#versions();
    this.#current = this.#read();
    this.#inUse = this.#seen;
    this.#handled = this.#seen;
    options.metrics.certificateExpiry.readFrom("files", () => this.#current.expiresAt / 1_000);
    this.#loaded();
  }

  get current(): Certificate {
    return this.#current;
  }

  watch(use: (certificate: Certificate) => void): void {
    this.#use = use;
    this.#schedule();
  }

  /** Files that were refused are tried, and reported, again. */
  async refresh(): Promise<void> {
    this.#seen = this.#versions();
    this.#handled = this.#inUse;
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel?.();
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      this.#look();
      this.#warnOfExpiry();
      this.#schedule();
    });
  }

  #look(): void {
    const versions = this.#versions();
    const isSettled = versions === this.#seen;
    this.#seen = versions;
    if (versions === this.#handled) return;
    try {
      const next = this.#read();
      if (next.fingerprint !== this.#current.fingerprint) this.#use?.(next);
      this.#current = next;
      this.#inUse = versions;
      this.#handled = versions;
      this.#loaded();
      this.#options.metrics.certificateRenewals.inc({ outcome: "loaded" });
    } catch (error) {
      if (isSettled) this.#refused(versions, error);
    }
  }

  #loaded(): void {
    const { names, expiresAt } = this.#current;
    this.#options.log.info({ event: "certificate-loaded", names, expiresAt: new Date(expiresAt).toISOString() });
    this.#warnedAt = Number.NEGATIVE_INFINITY;
    this.#warnOfExpiry();
  }

  #refused(versions: string, error: unknown): void {
    this.#handled = versions;
    this.#options.metrics.certificateRenewals.inc({ outcome: "refused" });
    const remedy = "The former certificate stays in use. Correct the files.";
    const problem = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ event: "certificate-refused", problem, remedy });
  }

  /** Once a day. */
  #warnOfExpiry(): void {
    const { clock, log } = this.#options;
    const { expiresAt } = this.#current;
    const now = clock.now();
    if (expiresAt - now > warningMs || Math.abs(now - this.#warnedAt) < day) return;
    this.#warnedAt = now;
    const event = expiresAt > now ? "certificate-expires-soon" : "certificate-expired";
    const remedy = "Renew the certificate; the server reads the files again when they change.";
    log.warn({ event, expiresAt: new Date(expiresAt).toISOString(), remedy });
  }

  #read(): Certificate {
    const { certificate, key } = this.#options;
    try {
      return readCertificate(readText(certificate), readText(key));
    } catch (error) {
      if (!(error instanceof CertificateUnusable)) throw error;
      throw new CertificateUnusable(
        `The certificate ${certificate} with the key ${key} cannot be used: ${error.message}`,
      );
    }
  }

  #versions(): string {
    return [this.#options.certificate, this.#options.key].map(versionOf).join(", ");
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CertificateUnusable(`${path} cannot be read (${errorCode(error) ?? "unknown error"})`);
  }
}

/** Differs after every change of the file; the same for every failure to reach it. */
function versionOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return "unreachable";
  }
}
