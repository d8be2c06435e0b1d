import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 24 * 60 * 60 * 1_000;

export interface IssuedCertificate {
  /** In PEM: the certificate and that of its authority. */
  readonly chain: string;
  /** In PEM. */
  readonly privateKey: string;
}

export interface Validity {
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Issues certificates that clients with its root accept. */
export class TestAuthority {
  readonly #keys: CryptoKeyPair;
  readonly #root: x509.X509Certificate;

  private constructor(keys: CryptoKeyPair, root: x509.X509Certificate) {
    this.#keys = keys;
    this.#root = root;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await newKeys();
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=Test Authority",
      notBefore: new Date(Date.now() - 365 * day),
      notAfter: new Date(Date.now() + 365 * day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    return new TestAuthority(keys, root);
  }

  /** In PEM. */
  get root(): string {
    return `${this.#root.toString("pem")}\n`;
  }

  /** DNS names and IP addresses. By default the certificate is valid from yesterday on for 90 days. */
  async issue(names: readonly string[], validity?: Validity): Promise<IssuedCertificate> {
    const keys = await newKeys();
    const { validFrom, expiresAt } = validity ?? { validFrom: Date.now() - day, expiresAt: Date.now() + 89 * day };
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0]}`,
      issuer: this.#root.subject,
      notBefore: new Date(validFrom),
      notAfter: new Date(expiresAt),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: /^[\d.]+$/.test(value) ? "ip" : "dns", value })),
        ),
      ],
    });
    const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
      chain: `${certificate.toString("pem")}\n${this.root}`,
      privateKey: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
    };
  }
}

async function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}
