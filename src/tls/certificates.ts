import type { Certificate } from "./certificate.ts";

/** Provides the certificate of a server, and every later one. */
export interface Certificates extends AsyncDisposable {
  /** The last good certificate; undefined before the first one. */
  readonly current: Certificate | undefined;
  /** Looks for new certificates from now on, and hands each to `use`, which throws if the server cannot use it. */
  watch(use: (certificate: Certificate) => void): void;
  /** Looks at once, for instance because an administrator has asked for it. Resolves when it has; never rejects. */
  refresh(): Promise<void>;
}
