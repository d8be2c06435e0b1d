import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AcmeAuthority } from "../../../src/tls/acme/acme-authority.ts";
import { AcmeProblem } from "../../../src/tls/acme/acme-problem.ts";
import type { AcmeAccount, AcmeStorage } from "../../../src/tls/acme/acme-storage.ts";
import { Challenges } from "../../../src/tls/acme/challenges.ts";
import { readCertificate } from "../../../src/tls/certificate.ts";
import { Pebble } from "../../support/https/pebble.ts";
import { findProgram, installCommand } from "../../support/processes/programs.ts";
import { freePort } from "../../support/programs/free-port.ts";

setDefaultTimeout(60_000);

const isMissing = findProgram("pebble") === undefined;
if (isMissing)
  console.log(`note  pebble was not found; its tests are skipped. To install it: ${installCommand(["pebble"])}`);

class KeptAccount implements AcmeStorage {
  account: AcmeAccount | undefined;
  readonly written: AcmeAccount[] = [];

  readAccount() {
    return this.account;
  }

  writeAccount(account: AcmeAccount) {
    this.account = account;
    this.written.push(account);
  }

  readCertificate() {
    return undefined;
  }

  writeCertificate() {}
}

describe.skipIf(isMissing)("an ACME authority", () => {
  let web: Bun.Server<undefined>;
  let pebble: Pebble;
  let challenges: Challenges;
  let storage: KeptAccount;
  let asked: string[];
  beforeAll(async () => {
    web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url, headers }) => {
        asked.push(headers.get("host") ?? "");
        return challenges.respond(new URL(url).pathname) ?? new Response("another server");
      },
    });
    // All orders meet nonces that are refused although they are good (RFC 8555 §6.5).
    pebble = await Pebble.start({ httpPort: web.port ?? 0, refusedNonces: 20 });
  });
  afterAll(async () => {
    await pebble[Symbol.asyncDispose]();
    await web.stop(true);
  });
  beforeEach(() => {
    challenges = new Challenges();
    storage = new KeptAccount();
    asked = [];
  });

  const authorityOf = async (email?: string) => {
    const { directoryUrl, rootsFile } = pebble;
    const roots = await Bun.file(rootsFile).text();
    return new AcmeAuthority({ directoryUrl, roots, storage, challenges, ...(email !== undefined && { email }) });
  };
  const { signal } = new AbortController();

  test("issues one certificate for several domains, each validated over HTTP", async () => {
    const domains = ["collab.test", "www.collab.test"];
    const { chain, privateKey } = await (await authorityOf()).order(domains, signal);
    expect(readCertificate(chain, privateKey).names.toSorted()).toEqual(domains);
    expect([...new Set(asked)].toSorted()).toEqual(domains.map((domain) => `${domain}:${web.port}`));
    // The server's own and an intermediate: clients know the root alone.
    expect(chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(challenges.respond("/.well-known/acme-challenge/token")?.status).toBe(404);
  });

  test("sees one account for all orders, its key stored before it is registered", async () => {
    await (await authorityOf("ops@example.com")).order(["collab.test"], signal);
    const [beforehand, registered] = storage.written;
    const { origin } = pebble.directoryUrl;
    const id = registered?.url?.split("/").at(-1);
    expect([beforehand?.url, beforehand?.privateKey]).toEqual([undefined, registered?.privateKey ?? ""]);
    expect([registered?.url, registered?.email]).toEqual([`${origin}/my-account/${id}`, "ops@example.com"]);
    await (await authorityOf("ops@example.com")).order(["collab.test"], signal);
    expect(storage.written).toHaveLength(2);
    await (await authorityOf("new@example.com")).order(["collab.test"], signal);
    expect(storage.account).toEqual({ ...registered, email: "new@example.com" } as AcmeAccount);
  });

  test("that has forgotten the account registers its key again", async () => {
    const authority = await authorityOf();
    await authority.order(["collab.test"], signal);
    const former = storage.account;
    await pebble.kill();
    await pebble.run();
    await authority.order(["collab.test"], signal);
    expect(storage.account?.privateKey).toBe(former?.privateKey ?? "");
  });

  test.each([
    ["without an address", ["collab.missing.test"], "connection", "collab.missing.test"],
    ["that another server answers", ["collab.test"], "unauthorized", "collab.test"],
  ])("names the domain %s", async (_, domains, type, subject) => {
    const authority = await authorityOf();
    if (type === "unauthorized") challenges = new Challenges();
    const error = await authority.order(domains, signal).catch((reason: unknown) => reason);
    if (!(error instanceof AcmeProblem)) throw error;
    expect(error.type).toBe(type);
    expect(error.message).toStartWith(`${subject}: `);
  });

  test("out of reach, or whose certificate is not trusted, is named by its error", async () => {
    const { directoryUrl } = pebble;
    const untrusted = new AcmeAuthority({ directoryUrl, storage, challenges });
    await expect(untrusted.order(["collab.test"], signal)).rejects.toThrow(/certificate/i);
    const closed = new URL(`https://localhost:${freePort()}/dir`);
    const missing = new AcmeAuthority({ directoryUrl: closed, storage, challenges });
    await expect(missing.order(["collab.test"], signal)).rejects.toThrow(/connect/i);
  });

  test("is left when the order is aborted", async () => {
    const abort = new AbortController();
    const order = (await authorityOf()).order(["collab.test"], abort.signal);
    abort.abort(new Error("the server has stopped"));
    await expect(order).rejects.toThrow("the server has stopped");
  });
});
