/** An account with an ACME authority. */
export interface AcmeAccount {
  /** In PEM. */
  readonly privateKey: string;
  /** Undefined until the authority has registered the account. */
  readonly url?: string | undefined;
  /** The contact that the authority knows. */
  readonly email?: string | undefined;
}

/** A certificate with its intermediates, and its key; both in PEM. */
export interface StoredCertificate {
  readonly chain: string;
  readonly privateKey: string;
}

/**
 * Keeps the account and the last certificate of one authority. A write is atomic, and on disk when it returns. All
 * methods throw the system's error.
 */
export interface AcmeStorage {
  /** Undefined if there is none, or it cannot be understood. */
  readAccount(): AcmeAccount | undefined;
  writeAccount(account: AcmeAccount): void;
  /** Undefined if there is none. */
  readCertificate(): StoredCertificate | undefined;
  writeCertificate(certificate: StoredCertificate): void;
}
