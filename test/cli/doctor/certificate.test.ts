import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ageFinding, checkCertificate } from "../../../src/cli/doctor/checks/certificate.ts";
import { examine } from "../../../src/cli/doctor/examination.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { run } from "../../support/processes/executable.ts";
import { accepted } from "../../support/servers/configurations.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

/** A certificate that this machine trusts only if it is told so. */
function selfSigned(name: string, days: number): { readonly cert: string; readonly key: string } {
  const [cert, key] = [workshop.file("cert.pem"), workshop.file("key.pem")];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", String(days)];
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  Bun.spawnSync(["openssl", "req", "-x509", ...algorithm, ...subject, "-keyout", key, "-out", cert]);
  return { cert, key };
}

/** The settings of a public URL, without HTTPS of the server's own. */
async function findings(url: string) {
  const loaded = accepted({ YURT_PUBLIC_URL: url, YURT_AUTH_MODE: "token" });
  return checkCertificate(examine(loaded));
}

describe.skipIf(Bun.which("openssl") === null)("the certificate of the public URL", () => {
  test("is refused if no authority has signed it", async () => {
    const { cert, key } = selfSigned("localhost", 30);
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { cert: Bun.file(cert), key: Bun.file(key) },
      fetch: () => new Response(),
    });
    expect(await findings(`https://127.0.0.1:${server.port}`)).toEqual([
      {
        check: "Certificate",
        status: "fail",
        message: expect.stringMatching(/^Clients refuse the certificate of 127\.0\.0\.1: .*self.signed/),
        remedy: expect.any(String),
      },
    ]);
  });

  test("that clients accept is all right", async () => {
    const { cert, key } = selfSigned("localhost", 30);
    using server = Bun.serve({
      port: 0,
      hostname: "localhost",
      tls: { cert: Bun.file(cert), key: Bun.file(key) },
      fetch: () => new Response("ok\n"),
    });
    const main = join(import.meta.dir, "../../../src/main.ts");
    const args = ["doctor", "--data", workshop.file("data"), "--public-url", `https://localhost:${server.port}`];
    const { stdout } = await run({
      command: [process.execPath, main],
      args,
      folder: workshop.path,
      environment: { NODE_EXTRA_CA_CERTS: cert },
    });
    const line = stdout.split("\n").find((each) => each.includes("\tCertificate\t"));
    expect(line).toBe("ok\tCertificate\tThe certificate of localhost is valid for another 29 days.\t");
  });

  test("is not judged over HTTP, or where nothing answers", async () => {
    expect(await findings("http://127.0.0.1:1")).toEqual([]);
    expect(await findings("https://127.0.0.1:1")).toEqual([]);
  });
});

describe.skipIf(Bun.which("openssl") === null)("the certificate files of the server", () => {
  const check = (cert: string, key: string, domain = "collab.example.com") => {
    const environment = { YURT_DOMAIN: domain, YURT_TLS_CERT: cert, YURT_TLS_KEY: key, YURT_AUTH_MODE: "token" };
    // Nothing listens at port 1: the certificate of the public URL is not looked at.
    return checkCertificate(examine(accepted({ ...environment, YURT_PUBLIC_URL: "https://127.0.0.1:1" })));
  };

  test("are examined before the server starts", async () => {
    const { cert, key } = selfSigned("collab.example.com", 90);
    expect(await check(cert, key)).toEqual([
      { check: "Certificate", status: "ok", message: "The certificate of the server is valid for another 89 days." },
    ]);
    const named = await check(cert, key, "collab.example.com,notes.example.com");
    expect(named[1]).toMatchObject({
      status: "warn",
      message: expect.stringContaining("does not name notes.example.com"),
    });
    expect((await check(cert, cert))[0]).toMatchObject({
      status: "fail",
      message: expect.stringContaining("cannot be used"),
    });
    expect((await check(workshop.file("none"), key))[0]).toMatchObject({ status: "fail" });
  });

  test("are not there yet when an authority has issued none, and no folder is made for them", async () => {
    const data = workshop.file("data");
    const environment = { YURT_DATA: data, YURT_DOMAIN: "collab.missing.test", YURT_AUTH_MODE: "token" };
    const configuration = accepted({ ...environment, YURT_PUBLIC_URL: "https://127.0.0.1:1" });
    expect((await checkCertificate(examine(configuration)))[0]?.message).toContain("none yet");
    expect(existsSync(data)).toBe(false);
  });
});

describe("the age of a certificate", () => {
  const day = 86_400_000;

  test.each([
    [90, 0, "ok"],
    [90, 74, "ok"],
    [90, 76, "warn"],
    [90, 90, "fail"],
    [6, 4, "ok"],
    [6, 5.5, "warn"],
  ])("of %d days is judged after %d days as %s", (days, after, status) => {
    expect(ageFinding("It", { validFrom: 0, expiresAt: days * day }, after * day).status).toBe(status as "ok");
  });
});
