import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../../../src/lib/time/clock.ts";
import { Random } from "../../../support/bytes/random.ts";
import { type BusNode, BusNodes } from "../../../support/cluster/bus-nodes.ts";
import { fastClock } from "../../../support/cluster/fast-clock.ts";
import { bytes, RecordedSubject } from "../../../support/cluster/recorded-bus.ts";
import { eventually } from "../../../support/eventually.ts";
import { Child } from "../../../support/processes/child.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";
import { CuttingProxy } from "../../../support/proxies/cutting-proxy.ts";

setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("the bus in Postgres", () => {
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

  const nameOf = (id: string) => "abc"[nodes.nodes.findIndex(({ bus }) => bus.node === id)] ?? id;

  const record = ({ bus }: BusNode) => new RecordedSubject(bus, { nameOf });

  async function twoNodes() {
    const [first, second] = [await nodes.join(), await nodes.join()];
    const [a, b] = [record(first), record(second)];
    await Promise.all([a.until("joined b"), b.until("joined a")]);
    return { first, second, a, b };
  }

  const areJoined = (subjects: readonly RecordedSubject[]) =>
    subjects.every((subject) => subject.reportsOf(subject === subjects[0] ? "b" : "a").at(-1) === "joined");

  test("sends nothing but beats while a node is alone", async () => {
    // On a fast clock a pause of this process could have the nodes lose each other.
    const alone = await nodes.join({ clock: systemClock });
    const port = alone.bus.open("presence", { received: () => {} });
    for (let number = 0; number < 10; number += 1) port.publish("r", new Uint8Array(9_000));
    const later = record(await nodes.join({ clock: systemClock }));
    const reader = new RecordedSubject(alone.bus, { subject: "signaling", nameOf });
    await Promise.all([later.until("joined a"), reader.until("joined b")]);
    port.publish("r", bytes("first"));
    await later.until("a r: first");
    const counted = () => alone.metrics.registry.metrics();
    // A message may arrive before its sender knows that it is sent. Those before it would be counted with it, or earlier.
    await eventually("it is counted", async () => !(await counted()).includes("yurt_bus_sent_messages_total 0\n"));
    expect(await counted()).toContain("yurt_bus_sent_messages_total 1\n");
    expect(await counted()).toContain("yurt_bus_spilled_messages_total 0\n");
  });

  test("has no part in another schema of the same database", async () => {
    await using others = await BusNodes.on(server);
    await others.join();
    const { a, b, second } = await twoNodes();
    a.port.publish("r", bytes("here"));
    await b.until("a r: here");
    expect(second.bus.peers.size).toBe(1);
    expect(others.nodes[0]?.bus.peers.size).toBe(0);
  });

  test("shows its nodes in a table, and removes one that has ended", async () => {
    const { a, second } = await twoNodes();
    await using database = server.connect(nodes.url);
    const shown = async () => [...(await database`SELECT release, protocol FROM yurt_nodes`)];
    await eventually("both are shown", async () => (await shown()).length === 2);
    expect(await shown()).toContainEqual({ release: "1.2.3", protocol: 1 });
    await second.bus.close();
    await a.until("lost b");
    expect(await shown()).toHaveLength(1);
  });

  test("notices that it is deaf, and joins again when it hears", async () => {
    const { a, b, first } = await twoNodes();
    first.proxy.filter(() => false);
    await Promise.all([a.until("lost b"), b.until("lost a")]);
    first.proxy.filter(() => true);
    await eventually("they are back", () => areJoined([a, b]));
    a.port.publish("r", bytes("back"));
    await b.until("a r: back");
  });

  test("gives up connections of which a network drops all bytes", async () => {
    await using proxy = await CuttingProxy.to(server.socket);
    const { url } = nodes;
    const first = await nodes.join({ url: url.replace(/path=[^&]*/, `path=${encodeURIComponent(proxy.socket)}`) });
    const second = await nodes.join();
    const [a, b] = [record(first), record(second)];
    await Promise.all([a.until("joined b"), b.until("joined a")]);
    proxy.cut();
    await Promise.all([a.until("lost b"), b.until("lost a")]);
    a.port.publish("r", bytes("lost"));
    proxy.mend();
    await eventually("they are back", () => areJoined([a, b]));
    a.port.publish("r", bytes("back"));
    await b.until("a r: back");
    expect(b.messages).toEqual(["a r: back"]);
  });

  test("takes a node for new that was stopped for long, and that node the others", async () => {
    const first = await nodes.join();
    const a = record(first);
    await using stopped = new Child("../cluster/run-bus.ts", [nodes.url]);
    const id = await stopped.line();
    expect(await stopped.line()).toBe(`joined ${first.bus.node}`);
    await a.until(`joined ${id}`);
    process.kill(stopped.pid, "SIGSTOP");
    await a.until(`lost ${id}`);
    a.port.publish("r", bytes("unheard"));
    process.kill(stopped.pid, "SIGCONT");
    await eventually("it is back", () => a.reportsOf(id).at(-1) === "joined");
    a.port.publish("r", bytes("back"));
    const lines: string[] = [];
    while (lines.at(-1) !== "back") lines.push(await stopped.line());
    expect(lines.slice(-3)).toEqual([`lost ${first.bus.node}`, `joined ${first.bus.node}`, "back"]);
  });

  test("loses a node that is killed when a beat of it is late", async () => {
    const clock = fastClock(5);
    const node = await nodes.join({ clock });
    const a = record(node);
    await using killed = new Child("../cluster/run-bus.ts", [nodes.url, "5"]);
    const id = await killed.line();
    await a.until(`joined ${id}`);
    killed.kill();
    const startedAt = clock.elapsedMs();
    await a.until(`lost ${id}`);
    // A silent node is lost after 10 s.
    expect(clock.elapsedMs() - startedAt).toBeLessThan(8_000);
  });

  test("keeps a node of which a beat is late, and that is not killed", async () => {
    const clock = fastClock(5);
    const node = await nodes.join({ clock });
    const a = record(node);
    await using stopped = new Child("../cluster/run-bus.ts", [nodes.url, "5"]);
    const id = await stopped.line();
    await a.until(`joined ${id}`);
    process.kill(stopped.pid, "SIGSTOP");
    const startedAt = clock.elapsedMs();
    await a.until(`lost ${id}`);
    expect(clock.elapsedMs() - startedAt).toBeGreaterThan(8_500);
  });

  test("finds its nodes again when the database was killed and started again", async () => {
    await using crashing = await PostgresServer.start();
    await using few = await BusNodes.on(crashing);
    const both = [await few.join(), await few.join()] as const;
    const [a, b] = both.map(({ bus }) => new RecordedSubject(bus)) as [RecordedSubject, RecordedSubject];
    const haveMet = () => both.every(({ bus }) => bus.peers.size === 1);
    await eventually("they have met", haveMet);
    await crashing.kill();
    await eventually("they have lost each other", () => both.every(({ bus }) => bus.peers.size === 0));
    await crashing.restart();
    await eventually("they have met again", haveMet);
    a.port.publish("r", bytes("again"));
    await b.until(`${both[0].bus.node} r: again`);
    // A long message needs the table, which is empty after a crash.
    a.port.publish("r", new Uint8Array(50_000));
    await b.until(`${both[0].bus.node} r: 50000 bytes`);
  });

  test("has each message at most once and in order, and tells of gaps, while connections are killed", async () => {
    const all = [await nodes.join(), await nodes.join(), await nodes.join()];
    const subjects = all.map(record);
    await eventually("they have met", () => all.every(({ bus }) => bus.peers.size === 2));
    const kills = await publishWhileKilling(subjects);
    expect(kills).toBeGreaterThan(10);
    await eventually("all have met again", () => all.every(({ bus }) => bus.peers.size === 2));
    for (const { port } of subjects) port.publish("end", bytes("end"));
    for (const [subject, name] of pairs(subjects)) {
      await subject.until(`${name} end: end`);
      const received = numbersFrom(name, subject.events);
      expect(received).toEqual(sorted(new Set(received)));
      expect(received.length).toBeGreaterThan(20);
    }
  });

  /** Has the subjects publish ascending numbers, some in long messages, for a second or more. Resolves with the number of kills. */
  async function publishWhileKilling(subjects: readonly RecordedSubject[]): Promise<number> {
    const random = new Random(11);
    await using database = server.connect();
    let kills = 0;
    for (let number = 1; number <= 800; number += 1) {
      const { port } = random.pick(subjects);
      if (random.chance(0.02)) port.publish(`${number}`, new Uint8Array(20_000));
      else port.publish("r", bytes(`${number}`));
      if (number % 20 !== 0) continue;
      const killed = await database`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'yurt' AND ${random.chance(0.5)} AND random() < 0.4`;
      kills += killed.length;
      await database`SELECT pg_sleep(0.03)`;
    }
    return kills;
  }
});

/** Each of three subjects, with the name of each of the others. */
function pairs(subjects: readonly RecordedSubject[]): readonly (readonly [RecordedSubject, string])[] {
  return subjects.flatMap((subject, index) =>
    ["a", "b", "c"].flatMap((name, other) => (other === index ? [] : [[subject, name] as const])),
  );
}

const sorted = (numbers: Iterable<number>) => [...numbers].toSorted((left, right) => left - right);

/** The numbers of a node's messages, which are in the message, or for long ones in the name of the room. */
function numbersFrom(name: string, events: readonly string[]): readonly number[] {
  const ofNode = events.filter((event) => event.startsWith(`${name} `) && !event.endsWith("end"));
  return ofNode.map((event) => Number(/^. r: (\d+)$/.exec(event)?.[1] ?? /^. (\d+): /.exec(event)?.[1]));
}
