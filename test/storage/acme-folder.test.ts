import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AcmeFolder } from "../../src/storage/acme-folder.ts";
import { TestAuthority } from "../support/https/test-authority.ts";

const directory = new URL("https://acme.example:14000/acme/directory");
const name = "acme.example-14000-acme-directory";

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "yurt-acme-"));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

test("an account and a certificate are read as they were written, each authority's for itself", async () => {
  const issued = await (await TestAuthority.create()).issue(["collab.test"]);
  const account = { privateKey: issued.privateKey, url: "https://acme.example/account/1", email: "ops@example.com" };
  const folder = new AcmeFolder(data, directory);
  expect([folder.readAccount(), folder.readCertificate()]).toEqual([undefined, undefined]);
  folder.writeAccount(account);
  folder.writeCertificate(issued);
  const reopened = new AcmeFolder(data, directory);
  expect([reopened.readAccount(), reopened.readCertificate()]).toEqual([account, issued]);
  const other = new AcmeFolder(data, new URL("https://acme.example:14000/other"));
  expect([other.readAccount(), other.readCertificate()]).toEqual([undefined, undefined]);
});

test("only the server's user can read keys, and nothing partial is left", async () => {
  const issued = await (await TestAuthority.create()).issue(["collab.test"]);
  const folder = new AcmeFolder(data, directory);
  folder.writeAccount({ privateKey: "first" });
  folder.writeAccount({ privateKey: issued.privateKey });
  folder.writeCertificate(issued);
  const path = join(data, "acme", name);
  expect(readdirSync(path).sort()).toEqual(["account.json", "certificate.pem"]);
  const modes = ["account.json", "certificate.pem"].map((file) => statSync(join(path, file)).mode & 0o777);
  expect([...modes, statSync(path).mode & 0o777, statSync(join(data, "acme")).mode & 0o777]).toEqual([
    0o600, 0o600, 0o700, 0o700,
  ]);
});

test("files that cannot be understood are as none", () => {
  mkdirSync(join(data, "acme", name), { recursive: true });
  for (const [account, certificate] of [
    ["not JSON", "no key"],
    ['{"privateKey":1}', ""],
  ] as const) {
    writeFileSync(join(data, "acme", name, "account.json"), account);
    writeFileSync(join(data, "acme", name, "certificate.pem"), certificate);
    const folder = new AcmeFolder(data, directory);
    expect([folder.readAccount(), folder.readCertificate()]).toEqual([undefined, undefined]);
  }
});

test("files that are deleted while they are in use are written again, and no others", async () => {
  const folder = new AcmeFolder(data, directory);
  expect(folder.findFault()).toBeUndefined();
  folder.writeAccount({ privateKey: "key" });
  folder.writeCertificate({ privateKey: "-----END PRIVATE KEY-----\n", chain: "chain" });
  const reopened = new AcmeFolder(data, directory);
  const before = [reopened.readAccount(), reopened.readCertificate()];
  expect(reopened.findFault()).toBeUndefined();
  rmSync(join(data, "acme"), { recursive: true });
  expect(reopened.findFault()).toEqual({ path: join(data, "acme", name, "account.json"), state: "deleted" });
  await reopened.restore();
  expect(reopened.findFault()).toBeUndefined();
  expect([reopened.readAccount(), reopened.readCertificate()]).toEqual(before);
  rmSync(join(data, "acme", name, "account.json"));
  writeFileSync(join(data, "acme", name, "certificate.pem"), "another's");
  await reopened.restore();
  expect(readFileSync(join(data, "acme", name, "certificate.pem"), "utf8")).toBe("another's");
});
