import { CompactSign, type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";

export type SignatureAlgorithm = "RS256" | "ES256" | "EdDSA";

/** An external issuer of tokens, with a key pair of its own. */
export class TokenSigner {
  readonly #alg: SignatureAlgorithm;
  readonly #kid: string | undefined;
  readonly #privateKey: CryptoKey;
  readonly publicKey: CryptoKey;

  private constructor(
    alg: SignatureAlgorithm,
    kid: string | undefined,
    pair: { publicKey: CryptoKey; privateKey: CryptoKey },
  ) {
    this.#alg = alg;
    this.#kid = kid;
    this.#privateKey = pair.privateKey;
    this.publicKey = pair.publicKey;
  }

  static async create(alg: SignatureAlgorithm, kid?: string): Promise<TokenSigner> {
    return new TokenSigner(alg, kid, await generateKeyPair(alg, { extractable: true }));
  }

  /** The public key in the form of a key set entry. */
  async jwk(): Promise<JWK> {
    return { ...(await exportJWK(this.publicKey)), ...(this.#kid !== undefined && { kid: this.#kid }) };
  }

  pem(): Promise<string> {
    return exportSPKI(this.publicKey);
  }

  /** Signs a token. With `kid`, the token names another key than the one that signs it. */
  sign(claims: Readonly<Record<string, unknown>>, kid = this.#kid): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: this.#alg, ...(kid !== undefined && { kid }) })
      .sign(this.#privateKey);
  }
}

/** Signs any claims with a secret, under any header. */
export function signWithSecret(
  secret: string,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", ...header })
    .sign(new TextEncoder().encode(secret));
}

/** Signs any bytes with a secret, even if they are not claims. */
export function signBytes(secret: string, payload: Uint8Array): Promise<string> {
  return new CompactSign(payload).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

/** Encodes a token from its three parts, valid or not. */
export function tokenOf(header: unknown, payload: unknown, signature = ""): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(payload)}.${signature}`;
}
