import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { CertificateUnusable, covers, readCertificate } from "../../src/tls/certificate.ts";
import { TestAuthority } from "../support/https/test-authority.ts";

const authority = await TestAuthority.create();
const other = await authority.issue(["other.test"]);

test("a certificate has its names and the time in which it is valid", async () => {
  const validity = { validFrom: Date.UTC(2026, 0, 1), expiresAt: Date.UTC(2026, 3, 1) };
  const { chain, privateKey } = await authority.issue(["collab.test", "*.collab.test", "192.0.2.1"], validity);
  expect(readCertificate(chain, privateKey)).toMatchObject({
    chain,
    privateKey,
    names: ["collab.test", "*.collab.test", "192.0.2.1"],
    ...validity,
  });
  const { fingerprint } = readCertificate(chain, privateKey);
  expect(readCertificate(other.chain, other.privateKey).fingerprint).not.toBe(fingerprint);
});

describe("a pair is refused", () => {
  const { privateKey: encrypted } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
  });

  test.each<[string, string, string, string]>([
    ["with the key of another certificate", other.chain, "another", "does not belong to the first certificate"],
    ["whose chain does not begin with the server's own", authority.root, other.privateKey, "must be the server's own"],
    ["without a certificate", "text", other.privateKey, "no PEM certificate"],
    ["with a damaged certificate", other.chain.replace(/\nMII/, "\nAAA"), other.privateKey, "damaged"],
    ["without a key", other.chain, other.chain, "no PEM private key"],
    ["with an encrypted key", other.chain, encrypted, "is encrypted"],
  ])("%s", async (_, chain, key, problem) => {
    const privateKey = key === "another" ? (await authority.issue(["other.test"])).privateKey : key;
    expect(() => readCertificate(chain, privateKey)).toThrow(CertificateUnusable);
    expect(() => readCertificate(chain, privateKey)).toThrow(problem);
  });
});

test.each([
  ["collab.test", true],
  ["a.collab.test", true],
  ["a.b.collab.test", false],
  ["other.test", false],
])("a certificate for a domain and its subdomains covers %s: %p", (domain, isCovered) => {
  expect(covers({ names: ["Collab.test", "*.collab.test"] }, domain)).toBe(isCovered);
});
