import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { eventually } from "../support/eventually.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { Pebble } from "../support/https/pebble.ts";
import { findProgram, installCommand } from "../support/processes/programs.ts";
import { freePort } from "../support/programs/free-port.ts";
import { startTestServer, type TestServer } from "../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

const isMissing = findProgram("pebble") === undefined;
if (isMissing)
  console.log(`note  pebble was not found; its tests are skipped. To install it: ${installCommand(["pebble"])}`);

const domains = ["collab.test", "www.collab.test"];
/** A certificate is renewed after 4 s. */
const validitySeconds = 6;

describe.skipIf(isMissing)("a server with a certificate of an ACME authority", () => {
  let pebble: Pebble;
  let dataFolder: string;
  let server: TestServer;
  let roots: string;
  const httpPort = freePort();
  const { log, events } = recordedLog();
  const occurred = (event: string) => events.filter((line) => line["event"] === event).length;

  const start = (port = 0) =>
    startTestServer({
      dataFolder,
      log,
      port,
      https: {
        domains,
        http: { port: httpPort, isRedirecting: true },
        acme: { directoryUrl: pebble.directoryUrl, authorityRoots: pebble.rootsFile },
      },
    });

  beforeAll(async () => {
    pebble = await Pebble.start({ httpPort, validitySeconds });
    dataFolder = await mkdtemp(join(tmpdir(), "yurt-https-"));
    server = await start();
    await eventually("the first certificate", () => occurred("certificate-issued") === 1);
    roots = await pebble.root();
  });
  afterAll(async () => {
    await server.stop();
    await pebble[Symbol.asyncDispose]();
    await rm(dataFolder, { recursive: true, force: true });
  });

  /** A WebSocket that trusts the authority, and takes 127.0.0.1 for the domain. */
  function trustingSocket(): typeof WebSocket {
    const tls = { ca: roots, checkServerIdentity: () => undefined };
    return class extends WebSocket {
      constructor(url: string) {
        super(url, { tls });
      }
    } as typeof WebSocket;
  }

  function provide(room: string) {
    const doc = new Y.Doc();
    const options = { disableBc: true, WebSocketPolyfill: trustingSocket() };
    return { doc, provider: new WebsocketProvider(`${server.wsUrl}/sync`, room, doc, options) };
  }

  /** The certificate of a new connection, by its serial number, and the names on it. */
  async function presented() {
    const { promise, resolve, reject } = Promise.withResolvers<{ serial: string; names: string | undefined }>();
    const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { serialNumber, subjectaltname } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ serial: serialNumber, names: subjectaltname });
    });
    socket.on("error", reject);
    return promise;
  }

  test("answers HTTP by a redirect, and HTTPS with a certificate for all its domains", async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/demo?a=b`, {
      headers: { host: "www.collab.test" },
      redirect: "manual",
    });
    expect([response.status, response.headers.get("location")]).toEqual([
      308,
      `https://www.collab.test:${server.port}/demo?a=b`,
    ]);
    expect((await presented()).names).toBe("DNS:collab.test, DNS:www.collab.test");
    const metrics = await (await fetch(`${server.url}/metrics`, { tls: { rejectUnauthorized: false } })).text();
    expect(metrics).toMatch(/yurt_certificate_expiry_timestamp_seconds\{source="acme"\} 1\d{9}/);
  });

  test("renews it under 200 open sockets, of which none is closed and all go on", async () => {
    const before = provide("notes");
    await eventually("synced", () => before.provider.synced);
    before.doc.getText("text").insert(0, "before ");
    const Trusting = trustingSocket();
    const heard = new Set<WebSocket>();
    let closed = 0;
    const syncStep1 = new Uint8Array([0, 0, 1, 0]);
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = new Trusting(`${server.wsUrl}/sync/notes`);
        socket.onclose = () => {
          closed += 1;
        };
        socket.onmessage = () => heard.add(socket);
        await eventually("open", () => socket.readyState === WebSocket.OPEN, 20_000);
        socket.send(syncStep1);
        return socket;
      }),
    );
    const former = await presented();
    const renewals = occurred("certificate-issued");
    await eventually("renewed", () => occurred("certificate-issued") > renewals, 20_000);
    expect((await presented()).serial).not.toBe(former.serial);

    const after = provide("notes");
    await eventually("the text is read", () => String(after.doc.getText("text")) === "before ");
    after.doc.getText("text").insert(7, "and after");
    await eventually("both write", () => String(before.doc.getText("text")) === "before and after");
    heard.clear();
    after.doc.getText("text").insert(0, "to all ");
    await eventually("all hear who came later", () => heard.size === 200);
    heard.clear();
    for (const socket of sockets) socket.send(syncStep1);
    await eventually("all are answered", () => heard.size === 200);
    expect([closed, before.provider.wsconnected]).toEqual([0, true]);
    for (const { provider } of [before, after]) provider.destroy();
    for (const socket of sockets) socket.close();
  });

  test("serves the last good certificate while the authority is down, also after a restart", async () => {
    await pebble.kill();
    const client = provide("notes");
    await eventually("synced", () => client.provider.synced);
    const last = await presented();
    const failures = occurred("certificate-order-failed");
    await eventually("the renewal has failed", () => occurred("certificate-order-failed") > failures, 20_000);
    expect(events.findLast(({ event }) => event === "certificate-order-failed")).toMatchObject({ level: "error" });
    expect([await presented(), client.provider.wsconnected]).toEqual([last, true]);
    client.provider.destroy();
    const { port } = server;
    await server.stop();
    server = await start(port);
    expect(await presented()).toEqual(last);
    await pebble.run();
  });
});
