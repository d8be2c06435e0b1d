import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { checkCertificate } from "../../../src/cli/doctor/checks/certificate.ts";
import type { Examination } from "../../../src/cli/doctor/examination.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { run } from "../../support/processes/executable.ts";

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

async function findings(url: string) {
  // The check reads this one setting.
  return checkCertificate({ values: { "public-url": new URL(url) } } as Examination);
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

  test.each([
    [30, "ok"],
    [3, "warn"],
  ])("that is valid for another %i days is %s", async (days, status) => {
    const { cert, key } = selfSigned("localhost", days);
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
    expect(line).toStartWith(
      `${status}\tCertificate\tThe certificate of localhost is valid for another ${days - 1} days.`,
    );
  });

  test("is not judged over HTTP, or where nothing answers", async () => {
    expect(await findings("http://127.0.0.1:1")).toEqual([]);
    expect(await findings("https://127.0.0.1:1")).toEqual([]);
  });
});
