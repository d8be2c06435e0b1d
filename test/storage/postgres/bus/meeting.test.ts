import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Clock, systemClock } from "../../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { withoutSession } from "../../../../src/storage/postgres/bus/node-lock.ts";
import { runningBesides } from "../../../../src/storage/postgres/bus/node-row.ts";
import { openPostgresStore } from "../../../../src/storage/postgres/postgres-store.ts";
import { type BusNode, BusNodes } from "../../../support/cluster/bus-nodes.ts";
import { fastClock } from "../../../support/cluster/fast-clock.ts";
import { bytes, RecordedSubject } from "../../../support/cluster/recorded-bus.ts";
import { eventually } from "../../../support/eventually.ts";
import { Child } from "../../../support/processes/child.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";
import { CuttingProxy } from "../../../support/proxies/cutting-proxy.ts";

setDefaultTimeout(30_000);

/** A clock on which the 3 s never end that a start waits at most: nothing but the other nodes ends a wait. */
const patientClock: Clock = {
  ...systemClock,
  after: (delayMs, task) => (delayMs === 3_000 ? () => {} : systemClock.after(delayMs, task)),
};

describe.skipIf(isMissing("postgres"))("a node that starts", () => {
  let server: PostgresServer;
  let nodes: BusNodes;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  beforeEach(async () => {
    nodes = await BusNodes.on(server);
  });

  afterEach(() => nodes[Symbol.asyncDispose]());

  afterAll(() => server[Symbol.asyncDispose]());

  async function start(clock = patientClock): Promise<BusNode> {
    const node = await nodes.join({ clock });
    await node.bus.met();
    return node;
  }

  test("waits for nobody if it is alone, and sends nothing", async () => {
    const { bus, metrics } = await start();
    expect(bus.peers.size).toBe(0);
    expect(await metrics.registry.metrics()).toContain("yurt_bus_sent_messages_total 0\n");
  });

  test("has met the node that exists, and heard what it says to nodes that join", async () => {
    const first = await start();
    const greeting = first.bus.open("presence", {
      received: () => {},
      joined: (node) => greeting.send(node, "r", bytes("hello")),
    });
    const second = await nodes.join({ clock: patientClock });
    const subject = new RecordedSubject(second.bus);
    await second.bus.met();
    expect(subject.events).toEqual([`joined ${first.bus.node}`, `${first.bus.node} r: hello`]);
    expect([...first.bus.peers]).toEqual([second.bus.node]);
  });

  test("has met the nodes that start at the same moment, when all have started", async () => {
    const started = await Promise.all([start(), start(), start(), start()]);
    expect(started.map(({ bus }) => bus.peers.size)).toEqual([3, 3, 3, 3]);
  });

  test("does not wait for a node that was killed a moment ago", async () => {
    await using killed = new Child("../cluster/run-bus.ts", [nodes.url]);
    const id = await killed.line();
    await using database = server.connect(nodes.url);
    await eventually("it runs", async () => (await runningBesides("", 10_000, database)).has(id));
    killed.kill();
    await eventually("its session has ended", async () => (await withoutSession([id], database)).has(id));
    const { bus } = await start();
    expect(bus.peers.size).toBe(0);
    expect(await database`SELECT FROM yurt_nodes`).toHaveLength(2);
  });

  test("locks no document, whatever its name", async () => {
    const { bus } = await start();
    await using database = server.connect(nodes.url);
    await eventually("its session has begun", async () => !(await withoutSession([bus.node], database)).has(bus.node));
    const store = await openPostgresStore({ url: nodes.url, metrics: createMetrics() });
    expect(await store.append([{ document: `yurt node ${bus.node}`, update: bytes("one") }])).toEqual([1]);
    await store.close();
  });

  test("waits 3 s for a node that is out of reach", async () => {
    await using proxy = await CuttingProxy.to(server.socket);
    const url = nodes.url.replace(/path=[^&]*/, `path=${encodeURIComponent(proxy.socket)}`);
    await (await nodes.join({ clock: patientClock, url })).bus.met();
    proxy.cut();
    const clock = fastClock(25);
    const startedAt = clock.elapsedMs();
    const { bus } = await start(clock);
    // Timers are a millisecond early at times, which is 25 on this clock.
    expect(clock.elapsedMs() - startedAt).toBeGreaterThan(2_900);
    expect(bus.peers.size).toBe(0);
  });

  test("does not wait for a node that has been silent for 10 s", async () => {
    await using database = server.connect(nodes.url);
    await database`
      INSERT INTO yurt_nodes (id, release, protocol, beat) VALUES ('0123456789abcdef', '1.2.3', 1, now() - interval '11 s')`;
    await start();
    expect(await database`SELECT FROM yurt_nodes`).toHaveLength(2);
  });

  test("does not wait any longer for a node that ends", async () => {
    const ending = await start();
    // It hears nobody, so nobody becomes its peer.
    ending.proxy.filter(() => false);
    const { bus, metrics } = await nodes.join({ clock: patientClock });
    const meeting = bus.met();
    const asks = async () => (await metrics.registry.metrics()).includes("yurt_bus_sent_messages_total 1\n");
    await eventually("it waits", asks);
    await ending.bus.close();
    await meeting;
    expect(bus.peers.size).toBe(0);
  });
});
