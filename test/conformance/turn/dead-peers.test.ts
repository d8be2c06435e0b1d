import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { eventually } from "../../support/eventually.ts";
import { ensureExecutable, Run } from "../../support/processes/executable.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";
import { iceServersAt, loopbackIp, type OpenClient, openTurnClient } from "../../support/turn/turn-through.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

setDefaultTimeout(30_000);
beforeAll(ensureExecutable);

const packets = 500;
const utf8 = new TextEncoder();

test("clients and peers that are gone cost a healthy client no packet, and the process lives", async () => {
  const folder = await temporaryFolder();
  await using closing = new AsyncDisposableStack();
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const run = closing.use(
    new Run({
      args: ["--port", "0", "--data", folder],
      environment: { YURT_TURN_ENABLED: "true", YURT_TURN_PORT: "0" },
      folder,
    }),
  );
  const url = `http://127.0.0.1:${await run.port()}`;
  const connect = async (): Promise<OpenClient> => {
    const client = closing.use(await openTurnClient(await iceServersAt(url), "udp"));
    return client;
  };

  const healthy = await connect();
  const peer = closing.use(await UdpPeer.open());
  await healthy.turn.allocate();
  await healthy.turn.bindChannel(0x4000, loopbackIp, peer.port);

  // Packets for a client or a peer that is gone are answered by ICMP, at the socket that others use as well.
  const gone = await connect();
  const { relayed: goneAddress } = await gone.turn.allocate();
  await gone.turn.createPermission(loopbackIp);
  gone.turn.close();
  const deadPeer = await UdpPeer.open();
  await healthy.turn.bindChannel(0x4001, loopbackIp, deadPeer.port);
  deadPeer[Symbol.dispose]();

  const arrived = { atPeer: 0, atClient: 0 };
  for (let number = 0; number < packets; number += 1) {
    // Each packet to the dead is followed at once by one to the living.
    healthy.turn.sendToChannel(0x4001, utf8.encode("for a peer that is gone"));
    healthy.turn.sendToChannel(0x4000, utf8.encode(`${number}`));
    const { bytes, address, port } = await peer.next();
    arrived.atPeer += bytes.toString() === `${number}` ? 1 : 0;
    peer.send(utf8.encode("for a client that is gone"), goneAddress.port, "127.0.0.1");
    peer.send(bytes, port, address);
    arrived.atClient += (await healthy.next()) === `${number}` ? 1 : 0;
  }
  expect(arrived).toEqual({ atPeer: packets, atClient: packets });

  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const relayedPackets = (text: string, direction: string) =>
    Number(new RegExp(`^yurt_turn_relayed_packets_total{direction="${direction}"} (\\d+)`, "m").exec(text)?.[1]);
  await eventually("everything is relayed, to the dead as well", async () => {
    const text = await metrics();
    return ["to-peer", "to-client"].every((direction) => relayedPackets(text, direction) === 2 * packets);
  });
  expect(await metrics()).toContain('yurt_turn_dropped_total{reason="not-sent"} 0');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
