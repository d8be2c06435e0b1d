import { describe, expect, test } from "bun:test";
import { encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { countClocks, RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { WireSocket } from "../../support/clients/wire-socket.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

const path = "/sync/leaving";
const senders = 50;

/** One update of each client id below `senders`. */
const updates = Array.from({ length: senders }, (_, index) => {
  const [update] = tuple(
    1,
    updatesOf((doc) => {
      doc.clientID = 1 + index;
      doc.getText().insert(0, `from ${index}`);
    }),
  );
  return update;
});

/** The client ids in the updates that a client received, or that the store holds. */
function sendersIn(received: readonly Uint8Array[]): readonly number[] {
  return [...new Set([...countClocks(received).keys()].map((clock) => Number(clock.split(":")[0])))].sort(
    (left, right) => left - right,
  );
}

const everyone = updates.map((_, index) => 1 + index);

async function sendAndLeave({ port }: TestServer, update: Uint8Array, leave: (socket: WireSocket) => void) {
  const socket = await WireSocket.connect(port, path);
  socket.send(encodeMessage({ type: "update", update }));
  leave(socket);
  await socket.closed;
}

/** The senders whose update reached a client that stays, and those whose update a later client gets. */
async function told(server: TestServer, sendAll: () => Promise<unknown>) {
  const witness = await RawClient.connect(`${server.wsUrl}${path}`);
  await witness.sync();
  await sendAll();
  // An update that follows all others on the same connection has every earlier one before it.
  const last = await RawClient.connect(`${server.wsUrl}${path}`);
  const [fence] = tuple(
    1,
    updatesOf((doc) => {
      doc.clientID = 1_000;
      doc.getText().insert(0, "fence");
    }),
  );
  last.send({ type: "update", update: fence });
  await eventually("the fence", () => sendersIn(witness.updates).includes(1_000));
  const heard = sendersIn(witness.updates).filter((sender) => sender <= senders);
  const stored = sendersIn([await last.sync()]).filter((sender) => sender <= senders);
  expect([witness.closed, last.closed]).toEqual([undefined, undefined]);
  return { heard, stored };
}

describe("a sender that disconnects right after its update changes nothing for the others: it is stored and forwarded", () => {
  test("when the connection ends with FIN, without a close frame", async () => {
    await using server = await startTestServer();
    const sendAll = () => Promise.all(updates.map((update) => sendAndLeave(server, update, (socket) => socket.end())));
    expect(await told(server, sendAll)).toEqual({ heard: everyone, stored: everyone });
  });

  test("when the client terminates it", async () => {
    await using server = await startTestServer();
    const terminate = async (update: Uint8Array) => {
      const sender = await RawClient.connect(`${server.wsUrl}${path}`);
      sender.send({ type: "update", update });
      sender.socket.terminate();
      await eventually("closed", () => sender.closed !== undefined);
    };
    expect(await told(server, () => Promise.all(updates.map(terminate)))).toEqual({
      heard: everyone,
      stored: everyone,
    });
  });

  test("when it is reset, as far as the update has arrived: what is stored is forwarded, and nothing else", async () => {
    await using server = await startTestServer();
    const sendAll = () =>
      Promise.all(updates.map((update) => sendAndLeave(server, update, (socket) => socket.reset())));
    const { heard, stored } = await told(server, sendAll);
    expect(heard).toEqual(stored);
  });
});
