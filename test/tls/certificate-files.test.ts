import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../src/ops/metrics.ts";
import type { Certificate } from "../../src/tls/certificate.ts";
import { CertificateFiles } from "../../src/tls/certificate-files.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { type IssuedCertificate, TestAuthority } from "../support/https/test-authority.ts";

const look = 10_000;
const day = 24 * 60 * 60 * 1_000;
const authority = await TestAuthority.create();
const first = await authority.issue(["first.test"]);
const second = await authority.issue(["second.test"]);

let folder: string;
let certificate: string;
let key: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "yurt-tls-"));
  certificate = join(folder, "fullchain.pem");
  key = join(folder, "privkey.pem");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(issued: IssuedCertificate): Promise<void> {
  await writeFile(certificate, issued.chain);
  await writeFile(key, issued.privateKey);
}

function open() {
  const { log, events } = recordedLog();
  const clock = new FakeClock(Date.now());
  const metrics = createMetrics();
  const files = new CertificateFiles({ certificate, key, clock, log, metrics });
  const used: string[] = [];
  const use = ({ names }: Certificate) => void used.push(...names);
  const eventNames = () => events.map(({ event }) => event);
  return { files, clock, metrics, used, use, events, eventNames };
}

test("files that are replaced are used within 10 seconds", async () => {
  await write(first);
  const { files, clock, metrics, used, use, events } = open();
  files.watch(use);
  expect(files.current.names).toEqual(["first.test"]);
  clock.advance(10 * look);
  expect(used).toEqual([]);
  await write(second);
  clock.advance(look);
  expect([used, files.current.names]).toEqual([["second.test"], ["second.test"]]);
  clock.advance(10 * look);
  expect(used).toEqual(["second.test"]);
  expect(events.map(({ event, names }) => [event, names])).toEqual([
    ["certificate-loaded", ["first.test"]],
    ["certificate-loaded", ["second.test"]],
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain('yurt_certificate_renewals_total{outcome="loaded"} 1');
  expect(text).toContain(
    `yurt_certificate_expiry_timestamp_seconds{source="files"} ${files.current.expiresAt / 1_000}`,
  );
});

test("links that are pointed elsewhere are followed", async () => {
  await writeFile(join(folder, "1.pem"), first.chain);
  await writeFile(join(folder, "2.pem"), second.chain);
  await symlink(join(folder, "1.pem"), certificate);
  await writeFile(key, first.privateKey);
  const { files, clock, used, use } = open();
  files.watch(use);
  await symlink(join(folder, "2.pem"), join(folder, "new"));
  await rename(join(folder, "new"), certificate);
  await writeFile(key, second.privateKey);
  clock.advance(look);
  expect(used).toEqual(["second.test"]);
});

test("a certificate without its key waits for it, and is not reported", async () => {
  await write(first);
  const { files, clock, used, use, eventNames } = open();
  files.watch(use);
  await writeFile(certificate, second.chain);
  clock.advance(look);
  expect(files.current.names).toEqual(["first.test"]);
  await writeFile(key, second.privateKey);
  clock.advance(look);
  expect(used).toEqual(["second.test"]);
  expect(eventNames()).toEqual(["certificate-loaded", "certificate-loaded"]);
});

test.each([
  ["that do not match", () => writeFile(certificate, second.chain)],
  ["of which one is removed", () => rm(key)],
  ["that the server cannot use", () => write(second)],
])("files %s are reported once, and the former certificate stays in use", async (problem, spoil) => {
  await write(first);
  const { files, clock, metrics, events } = open();
  files.watch(() => {
    if (problem === "that the server cannot use") throw new Error("the port is in use");
  });
  await spoil();
  clock.advance(10 * look);
  expect(files.current.names).toEqual(["first.test"]);
  expect(events.filter(({ event }) => event === "certificate-refused")).toHaveLength(1);
  expect(await metrics.registry.metrics()).toContain('yurt_certificate_renewals_total{outcome="refused"} 1');
});

test("a look on demand uses new files at once", async () => {
  await write(first);
  const { files, used, use } = open();
  files.watch(use);
  await write(second);
  await files.refresh();
  expect(used).toEqual(["second.test"]);
});

test.each([
  [6 * day, "certificate-expires-soon"],
  [-day, "certificate-expired"],
])("a certificate that expires in %d ms is reported once a day", async (leftMs, event) => {
  await write(await authority.issue(["a.test"], { validFrom: Date.now() - 30 * day, expiresAt: Date.now() + leftMs }));
  const { files, clock, use, eventNames } = open();
  files.watch(use);
  clock.advance(3 * day - look);
  expect(eventNames().filter((name) => name === event)).toHaveLength(3);
});

test("a look on demand tries files again that were refused, and reports them again", async () => {
  await write(first);
  const { files, clock, used, use, eventNames } = open();
  let failure: Error | undefined = new Error("no descriptor is free");
  files.watch((next) => {
    if (failure !== undefined) throw failure;
    use(next);
  });
  await write(second);
  clock.advance(3 * look);
  expect(eventNames()).toEqual(["certificate-loaded", "certificate-refused"]);
  await files.refresh();
  expect(eventNames().slice(2)).toEqual(["certificate-refused"]);
  failure = undefined;
  await files.refresh();
  expect([used, files.current.names]).toEqual([["second.test"], ["second.test"]]);
  await files.refresh();
  expect(used).toEqual(["second.test"]);
});

test("files that cannot be read or used are refused at the start, by name", async () => {
  await write({ ...first, privateKey: second.privateKey });
  expect(open).toThrow(`The certificate ${certificate} with the key ${key} cannot be used`);
  await rm(key);
  expect(open).toThrow(`${key} cannot be read (ENOENT)`);
});

test("nothing is left of it when it is closed", async () => {
  await write(first);
  const { files, clock, use } = open();
  files.watch(use);
  await files[Symbol.asyncDispose]();
  expect(clock.pendingTimers).toBe(0);
});
