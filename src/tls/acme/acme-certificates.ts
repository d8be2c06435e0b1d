import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { type Certificate, CertificateUnusable, covers, readCertificate } from "../certificate.ts";
import type { Certificates } from "../certificates.ts";
import type { Authority } from "./acme-authority.ts";
import { remedyFor } from "./acme-problem.ts";
import type { AcmeStorage, StoredCertificate } from "./acme-storage.ts";

export interface AcmeCertificatesOptions {
  /** At least one. One certificate is for all of them. */
  readonly domains: readonly string[];
  readonly authority: Authority;
  readonly storage: AcmeStorage;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** From 0 to 1; spreads the renewals of many servers. */
  readonly random: () => number;
}

/** A certificate is renewed after this part of its life, give or take the spread. */
const renewalShare = 2 / 3;
const renewalSpread = 1 / 30;
/** The clock may jump, so the time of a renewal is compared with it at least at this interval. */
const longestWaitMs = 60 * 60 * 1_000;
/** Let's Encrypt permits five failed validations of a domain per hour. */
const retryBackoff: Backoff = { firstMs: 2 * 60_000, maxMs: 6 * 60 * 60_000 };
/** A retry comes up to this part earlier or later. */
const retrySpread = 0.2;

/**
 * The certificate of an ACME authority: the stored one at first, and a new one when it lacks a domain, and when two
 * thirds of its life have passed. While orders fail, the last good certificate stays in use, and they are tried again
 * with growing delays. A server never makes a certificate of its own: clients would learn to accept any.
 */
export class AcmeCertificates implements Certificates {
  readonly #options: AcmeCertificatesOptions;
  #current: Certificate | undefined;
  /** A new certificate that the server could not use: it is tried again, and not ordered a second time. */
  #unused: Certificate | undefined;
  #use: ((certificate: Certificate) => void) | undefined;
  /** Epoch milliseconds; in the past if a certificate is needed at once. */
  #renewsAt = Number.NEGATIVE_INFINITY;
  /** The failures since the last success. */
  #failures = 0;
  #cancel: (() => void) | undefined;
  #ordering: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(options: AcmeCertificatesOptions) {
    this.#options = options;
    this.#current = this.#readStored();
    this.#plan();
    const expiry = () => (this.#current === undefined ? 0 : this.#current.expiresAt / 1_000);
    options.metrics.certificateExpiry.readFrom("acme", expiry);
  }

  get current(): Certificate | undefined {
    return this.#current;
  }

  watch(use: (certificate: Certificate) => void): void {
    this.#use = use;
    this.#wait();
  }

  /** Tries at once if an order is due, also when the last one has failed a moment ago. */
  async refresh(): Promise<void> {
    if (this.#use === undefined || !this.#isDue()) return;
    this.#cancel?.();
    await this.#order();
  }

  /** Aborts an order. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("the server has stopped"));
    this.#cancel?.();
    await this.#ordering;
  }

  #isDue(): boolean {
    return this.#options.clock.now() >= this.#renewsAt;
  }

  /** Waits for the time of the renewal, and at least for `leastMs`. */
  #wait(leastMs = 0): void {
    if (this.#closing.signal.aborted) return;
    const { clock } = this.#options;
    const delayMs = Math.max(leastMs, Math.min(this.#renewsAt - clock.now(), longestWaitMs));
    this.#cancel = clock.after(delayMs, () => {
      if (this.#isDue()) void this.#order();
      else this.#wait();
    });
  }

  /** One order at a time. Never rejects. */
  #order(): Promise<void> {
    this.#ordering ??= this.#tryOrder().finally(() => {
      this.#ordering = undefined;
    });
    return this.#ordering;
  }

  async #tryOrder(): Promise<void> {
    const { metrics } = this.#options;
    const { signal } = this.#closing;
    try {
      const next = this.#unused ?? (await this.#ordered());
      this.#unused = next;
      this.#use?.(next);
      this.#unused = undefined;
      this.#current = next;
      this.#failures = 0;
      this.#plan();
      metrics.certificateRenewals.inc({ outcome: "issued" });
      this.#issued(next);
    } catch (error) {
      if (!signal.aborted) this.#retry(error);
    }
  }

  async #ordered(): Promise<Certificate> {
    const { authority, domains, log } = this.#options;
    log.info({ event: "certificate-ordered", domains });
    const { chain, privateKey } = await authority.order(domains, this.#closing.signal);
    const next = readCertificate(chain, privateKey);
    this.#store({ chain, privateKey });
    return next;
  }

  /** A new certificate that is due at once is ordered again, but not soon: the authority limits the number of orders. */
  #issued({ names, expiresAt }: Certificate): void {
    const { domains, log } = this.#options;
    const facts = { names, expiresAt: isoTime(expiresAt) };
    if (!this.#isDue()) {
      log.info({ event: "certificate-issued", ...facts, renewsAt: isoTime(this.#renewsAt) });
      this.#wait();
      return;
    }
    const isComplete = domains.every((domain) => covers({ names }, domain));
    const remedy = isComplete
      ? "By the clock of this machine, most of its lifetime has passed. Let the system set the clock (systemd-timesyncd, chrony)."
      : "The certificate does not name all domains. Choose another authority with --tls-acme-directory.";
    log.warn({ event: "certificate-issued-unsuitable", ...facts, remedy });
    this.#wait(retryBackoff.maxMs);
  }

  /** A certificate that cannot be stored is used all the same: the authority limits the number of orders. */
  #store(certificate: StoredCertificate): void {
    try {
      this.#options.storage.writeCertificate(certificate);
    } catch (error) {
      this.#options.log.error({ event: "certificate-not-stored", err: error });
    }
  }

  #retry(error: unknown): void {
    const { clock, log, metrics, random } = this.#options;
    this.#failures += 1;
    metrics.certificateRenewals.inc({ outcome: "failed" });
    const delayMs = backoffMs(this.#failures, retryBackoff) * (1 + retrySpread * (2 * random() - 1));
    // A timer of its own, and no comparison with the clock, which may be set back meanwhile.
    this.#cancel = clock.after(delayMs, () => void this.#order());
    const failure =
      this.#unused === undefined
        ? { event: "certificate-order-failed", remedy: remedyFor(error) }
        : { event: "certificate-not-used", remedy: "Restart the server: it starts with the new certificate." };
    log.error({
      ...failure,
      problem: error instanceof Error ? error.message : String(error),
      retryInSeconds: Math.round(delayMs / 1_000),
      ...(this.#current !== undefined && { certificateExpiresAt: isoTime(this.#current.expiresAt) }),
    });
  }

  /** Sets the time of the renewal. */
  #plan(): void {
    const { domains, random } = this.#options;
    const current = this.#current;
    if (current === undefined || !domains.every((domain) => covers(current, domain))) return;
    const share = renewalShare + renewalSpread * (2 * random() - 1);
    this.#renewsAt = current.validFrom + share * (current.expiresAt - current.validFrom);
  }

  /** The certificate of an earlier start, if it is for any of the domains. */
  #readStored(): Certificate | undefined {
    const { domains, log, storage } = this.#options;
    const stored = storage.readCertificate();
    if (stored === undefined) return undefined;
    try {
      const certificate = readCertificate(stored.chain, stored.privateKey);
      return domains.some((domain) => covers(certificate, domain)) ? certificate : undefined;
    } catch (error) {
      if (!(error instanceof CertificateUnusable)) throw error;
      log.warn({ event: "stored-certificate-unusable", problem: error.message });
      return undefined;
    }
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
