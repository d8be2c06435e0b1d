import { describe, expect, test } from "bun:test";
import { localUrlOf } from "../../../src/composition/settings/https/https-settings.ts";
import { serverOptionsOf } from "../../../src/composition/settings/settings.ts";
import { accepted, type Flags, refused } from "../../support/servers/configurations.ts";

const token = { "auth.mode": "token" };
const files = { "tls.cert": "fullchain.pem", "tls.key": "privkey.pem" };

describe("with a domain", () => {
  test("the server is a public one, with certificates by ACME", () => {
    const { values } = accepted({}, { domain: "Collab.example.com., www.example.com", ...token });
    expect(values).toMatchObject({ domain: ["collab.example.com", "www.example.com"], host: "::", port: 443 });
    const { publicUrl, https } = serverOptionsOf(values);
    expect(publicUrl?.href).toBe("https://collab.example.com/");
    expect(https).toEqual({
      domains: ["collab.example.com", "www.example.com"],
      http: { port: 80, isRedirecting: true },
      acme: { directoryUrl: new URL("https://acme-v02.api.letsencrypt.org/directory") },
    });
  });

  test.each<[Flags, Flags & Readonly<Record<string, unknown>>]>([
    [{ host: "127.0.0.1" }, { host: "127.0.0.1" }],
    [{ port: "8443" }, { port: 8443, "public-url": new URL("https://collab.example.com:8443") } as never],
    [{ port: "0" }, { port: 0, "public-url": undefined } as never],
    [{ "public-url": "https://other.example" }, { "public-url": new URL("https://other.example") } as never],
    [{ "tls.http-port": "8080" }, { "tls.http-port": 8080 } as never],
    [{ "tls.redirect.enabled": "false" }, { "tls.http-port": 80 } as never],
    [{ "tls.redirect.enabled": "false", ...files }, { "tls.http-port": undefined } as never],
  ])("%p takes precedence over what follows from it", (flags, values) => {
    expect(accepted({}, { domain: "collab.example.com", ...token, ...flags }).values).toMatchObject(values);
  });

  test("a platform's PORT is the port", () => {
    expect(accepted({ PORT: "10000" }, { domain: "collab.example.com", ...token }).values.port).toBe(10_000);
  });

  test("auth.mode is needed, as for every public address", () => {
    expect(refused({}, { domain: "collab.example.com" })).toMatchObject([
      { setting: "auth.mode", remedy: expect.stringContaining("--domain collab.example.com exposes Yurt") },
    ]);
  });

  test.each([
    ...["https://collab.example.com", "collab.example.com:443", "collab.example.com/a", "*.example.com", "localhost"],
    ...["192.0.2.1", "[::1]", "a..example", "-", "user@example.com", `${"a.".repeat(130)}com`, "collab.example.com,b"],
  ])("%s is refused", (domain) => {
    expect(refused({}, { domain, ...token }).map(({ setting }) => setting)).toEqual(["domain"]);
  });

  test("in another script it is that of the DNS", () => {
    expect(accepted({}, { domain: "jürte.example", ...token }).values.domain).toEqual(["xn--jrte-0ra.example"]);
  });
});

test("certificate files need no domain, and change no other default", () => {
  const { values } = accepted({}, files);
  expect(values).toMatchObject({ host: "127.0.0.1", port: 4444, "public-url": undefined });
  expect(serverOptionsOf(values).https).toEqual({
    domains: [],
    files: { certificate: "fullchain.pem", key: "privkey.pem" },
  });
});

test("without a domain and files there is no HTTPS", () => {
  expect(serverOptionsOf(accepted({}).values).https).toBeUndefined();
  expect(
    serverOptionsOf(accepted({}, { "tls.mode": "off", "tls.redirect.enabled": "false" }).values).https,
  ).toBeUndefined();
});

test("the ACME settings reach the server", () => {
  const acme = {
    "tls.acme-email": "ops@example.com",
    "tls.acme-directory": "https://acme.example/directory",
    "tls.acme-ca": "root.pem",
  };
  const { values } = accepted({}, { domain: "collab.example.com", ...token, ...acme });
  expect(serverOptionsOf(values).https?.acme).toEqual({
    directoryUrl: new URL("https://acme.example/directory"),
    email: "ops@example.com",
    authorityRoots: "root.pem",
  });
});

test.each<[Flags, readonly (readonly [string, string])[]]>([
  [{ "tls.mode": "auto" }, [["domain", "a certificate is for a domain"]]],
  [
    { "tls.mode": "files" },
    [
      ["tls.cert", "certificate files are used"],
      ["tls.key", "certificate files are used"],
    ],
  ],
  [{ "tls.cert": "a.pem" }, [["tls.key", "certificate files are used"]]],
  [{ domain: "a.example", "tls.mode": "off", ...token }, [["domain", "tls.mode is off"]]],
  [
    { ...files, "tls.acme-email": "ops@example.com" },
    [["tls.acme-email", "--tls-mode auto, but the mode is files (by default)"]],
  ],
  [
    { domain: "a.example", "tls.mode": "auto", ...files, ...token },
    [
      ["tls.cert", "--tls-mode files, but the mode is auto (flag --tls-mode)"],
      ["tls.key", "--tls-mode files, but the mode is auto (flag --tls-mode)"],
    ],
  ],
  [{ "tls.acme-ca": "root.pem" }, [["tls.acme-ca", "but the mode is off (by default)"]]],
  [
    { "tls.acme-directory": "http://acme.example/" },
    [["tls.acme-directory", "Give the https:// URL of an ACME directory."]],
  ],
  [{ "tls.acme-email": "ops" }, [["tls.acme-email", "Give an email address"]]],
  [{ "tls.mode": "atuo" }, [["tls.mode", "auto"]]],
])("%p is refused", (flags, expected) => {
  const problems = refused({}, flags);
  expect(problems.map(({ setting }) => setting)).toEqual(expected.map(([setting]) => setting));
  for (const [index, [, text]] of expected.entries()) expect(problems[index]?.remedy).toContain(text);
});

describe("the URL on this machine", () => {
  test.each([
    ["127.0.0.1", "http://127.0.0.1:4444"],
    ["0.0.0.0", "http://127.0.0.1:4444"],
    ["::", "http://127.0.0.1:4444"],
    ["::1", "http://[::1]:4444"],
    ["localhost", "http://localhost:4444"],
    ["192.168.1.5", "http://192.168.1.5:4444"],
  ])("of a server on %s is %s", (host, url) => {
    expect(localUrlOf(accepted({}, { host, ...token }).values)).toBe(url);
  });

  test("of a server with a domain is one of HTTPS", () => {
    expect(localUrlOf(accepted({}, { domain: "collab.example.com", ...token }).values)).toBe("https://127.0.0.1:443");
    expect(localUrlOf(accepted({}, { ...files, port: "0" }).values)).toBeUndefined();
  });
});
