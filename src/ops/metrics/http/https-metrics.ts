import type { Instruments } from "../instruments.ts";
import { certificateOutcomes, type certificateSources } from "../label-values.ts";

export type HttpsMetrics = ReturnType<typeof createHttpsMetrics>;

/** Creates the metrics of the server's certificate. */
export function createHttpsMetrics(instruments: Instruments) {
  return {
    /** Shown by a server with HTTPS only. 0 while there is no certificate. */
    certificateExpiry: instruments.labelledGauge<(typeof certificateSources)[number]>(
      "certificate_expiry_timestamp_seconds",
      "When the certificate in use expires; 0 while the server waits for its first one",
      "source",
    ),
    /** By ACME a certificate is issued, or the attempt failed; from files one is loaded, or refused as unusable. */
    certificateRenewals: instruments.counts("certificate_renewals_total", "Attempts to take a new certificate", {
      outcome: certificateOutcomes,
    }),
  };
}
