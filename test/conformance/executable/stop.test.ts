import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { RawClient } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { ensureExecutable, executable, Run } from "../../support/processes/executable.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

let folder: string;

beforeAll(ensureExecutable);
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A server with so many clients that they are closed in waves, of which the first is closed. */
async function stopping(drain: string, clientCount: number) {
  const server = new Run({ folder, args: ["--port", "0", "--drain", drain] });
  const url = `ws://127.0.0.1:${await server.port()}/signal`;
  const clients = await Promise.all(Array.from({ length: clientCount }, () => RawClient.connect(url)));
  server.kill("SIGTERM");
  await eventually("the first is closed", () => clients.some(({ closed }) => closed !== undefined));
  return { server, clients, port: await server.port() };
}

describe("while it closes its clients in waves the executable", () => {
  test("is not ready, and ends with 0 when all are closed with 1012", async () => {
    const { server, clients, port } = await stopping("2m", 250);
    await using _ = server;
    expect(clients.some(({ closed }) => closed === undefined)).toBeTrue();
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    const { code, stdout } = await server.ended();
    expect([code, stdout.includes('"event":"stopped"')]).toEqual([0, true]);
    await eventually("closed", () => clients.every(({ closed }) => closed?.code === 1012));
    expect(await server.event("stopping")).toMatchObject({ signal: "SIGTERM", drainMs: 120_000 });
  });

  test("ends at once when it gets a second signal", async () => {
    const { server } = await stopping("10s", 450);
    await using _ = server;
    server.kill("SIGTERM");
    const { code, stdout } = await server.ended();
    expect([code, stdout.includes('"event":"stopped"')]).toEqual([143, false]);
  });
});

test("on a terminal it reloads on SIGHUP, and ends when the terminal is closed", async () => {
  let shown = "";
  const decoder = new TextDecoder();
  const server = Bun.spawn([executable, "--port", "0"], {
    cwd: folder,
    env: { TERM: "dumb" },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_, bytes) => {
        shown += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const ending = setTimeout(() => server.kill("SIGKILL"), 30_000);
  await eventually("the banner", () => shown.includes("ready in"));
  server.kill("SIGHUP");
  await eventually("a reload", () => shown.includes("reloaded"));
  server.terminal?.close();
  await server.exited;
  clearTimeout(ending);
  expect([server.exitCode, server.signalCode]).toEqual([0, null]);
});
