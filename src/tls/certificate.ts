import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate that a server can use: valid PEM, and the key belongs to it. It may have expired. */
export interface Certificate {
  /** The certificate and its intermediates, in PEM. */
  readonly chain: string;
  /** In PEM, not encrypted. */
  readonly privateKey: string;
  /** DNS names, some with a wildcard, and IP addresses. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Differs between any two certificates. */
  readonly fingerprint: string;
}

/** A certificate and a key that a server cannot use. The message quotes nothing of them. */
export class CertificateUnusable extends Error {
  override readonly name = "CertificateUnusable";
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

/** Reads a certificate and its key. The server's own certificate is the first of the chain. Throws `CertificateUnusable`. */
export function readCertificate(chain: string, privateKey: string): Certificate {
  const leaf = readLeaf(chain);
  if (!leaf.checkPrivateKey(readKey(privateKey))) {
    throw new CertificateUnusable(
      "the key does not belong to the first certificate of the chain, which must be the server's own",
    );
  }
  return {
    chain,
    privateKey,
    names: namesOf(leaf),
    validFrom: Date.parse(leaf.validFrom),
    expiresAt: Date.parse(leaf.validTo),
    fingerprint: leaf.fingerprint256,
  };
}

/** Whether clients accept the certificate for this DNS name. A wildcard stands for the first label (RFC 6125 §6.4.3). */
export function covers({ names }: Pick<Certificate, "names">, domain: string): boolean {
  const behindLabel = domain.replace(/^[^.]+/, "*");
  return names.some((name) => name.toLowerCase() === domain || name.toLowerCase() === behindLabel);
}

function readLeaf(chain: string): X509Certificate {
  const [block] = certificateBlock.exec(chain) ?? [];
  if (block === undefined) throw new CertificateUnusable("there is no PEM certificate in the certificate file");
  try {
    return new X509Certificate(block);
  } catch {
    throw new CertificateUnusable("the certificate is damaged");
  }
}

function readKey(privateKey: string): KeyObject {
  if (privateKey.includes("ENCRYPTED")) {
    throw new CertificateUnusable("the key is encrypted: decrypt it with openssl pkey, and protect the file instead");
  }
  try {
    return createPrivateKey(privateKey);
  } catch {
    throw new CertificateUnusable("there is no PEM private key in the key file");
  }
}

/** The text is as `DNS:example.com, IP Address:192.0.2.1`. */
function namesOf({ subjectAltName = "" }: X509Certificate): readonly string[] {
  return Array.from(subjectAltName.matchAll(/(?:DNS|IP Address):([^,"\s]+)/g), ([, name = ""]) => name);
}
