import { beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { ServerProcess } from "../../scripts/torture/server-process.ts";
import { eventually } from "../support/eventually.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

const readers = 200;
const stateLength = 180_000;
/** So much is sent to each reader that it fills the buffers of the kernel and its own bound. */
const rounds = 22;
/** The bound of 64 MiB, and what the requests themselves take. Without the bound it is above 360 MiB. */
const mostGrownBytes = 300 * 2 ** 20;

/** A reader of events that takes nothing but the first ones. */
async function stalledReader(port: number, document: string): Promise<Socket> {
  const socket = createConnection(port, "127.0.0.1");
  // The server cuts it off.
  socket.on("error", () => {});
  socket.write(`GET /v1/docs/${document}/events?awareness=1 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, "data");
  socket.pause();
  return socket;
}

test.skipIf(process.platform !== "linux")(
  "200 readers of events that take nothing do not make the server's memory grow beyond their bound",
  async () => {
    const dataFolder = await temporaryFolder();
    const args = ["--limits-awareness-state-length", String(stateLength + 100)];
    await using server = new ServerProcess({ dataFolder, args });
    const port = await server.port();
    const documents = Array.from({ length: readers }, (_, index) => `doc-${index}`);
    const sockets = await Promise.all(documents.map((document) => stalledReader(port, document)));
    const before = server.memory("now");
    const show = async (document: string, text: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/docs/${document}/awareness`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ clientId: 1, state: { text } }),
      });
      await response.body?.cancel();
      return response.status;
    };
    for (let round = 0; round < rounds; round += 1) {
      const text = String(round).padEnd(stateLength - 20, "x");
      const statuses = await Promise.all(documents.map((document) => show(document, text)));
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    const grownBytes = () => server.memory("now") - before;
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const cut = Number(/bound_hits_total\{bound="limits\.api-events-bytes"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    // The garbage of the requests is collected after some seconds; events that wait for the readers would stay.
    await eventually("the memory is bounded", () => grownBytes() < mostGrownBytes, 30_000);
    for (const socket of sockets) socket.destroy();
    await rm(dataFolder, { recursive: true, force: true });
    expect(cut).toBeGreaterThan(readers / 4);
  },
  120_000,
);
