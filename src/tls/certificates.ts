import type { Certificate } from "./certificate.ts";

/** Provides the certificate of a server, and every later one. */
export interface Certificates extends AsyncDisposable {
  /** The last good certificate; undefined before the first one. */
  readonly current: Certificate | undefined;
  /** Looks for new certificates from now on, and hands each to `use`, which throws if the server cannot use it. */
  watch(use: (certificate: Certificate) => void): void;
  /** Looks for a new certificate at once, for instance on SIGHUP. Resolves afterwards; never rejects. */
  refresh(): Promise<void>;
}
