import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Bus, NodeId } from "../../src/cluster/bus.ts";
import { bytes, RecordedSubject, text } from "../support/cluster/recorded-bus.ts";

const patient = { withinMs: 3_600_000 };

/** Where the buses of a cluster meet. Their clock runs fast: 10 s pass in less than one. */
export interface BusMedium {
  /** Opens the bus of a new node. */
  open(): Promise<Bus>;
  /** Loses all that a node sends and is sent, until `heal`. */
  cut(bus: Bus): void | Promise<void>;
  heal(bus: Bus): void | Promise<void>;
  /** Ends a node without notice. */
  kill(bus: Bus): void | Promise<void>;
  /** Loses at least one message that the node sends next, and not all that follow. */
  loseNext(bus: Bus): void | Promise<void>;
  close(): Promise<void>;
}

/** The contract of every bus. */
export function describeBus(name: string, create: () => BusMedium | Promise<BusMedium>): void {
  describe(name, () => {
    let medium: BusMedium;
    let buses: Bus[];

    beforeEach(async () => {
      medium = await create();
      buses = [];
    });

    afterEach(() => medium.close());

    const nameOf = (node: NodeId) => "abc"[buses.findIndex((bus) => bus.node === node)] ?? node;

    async function openBus(): Promise<Bus> {
      const bus = await medium.open();
      buses.push(bus);
      return bus;
    }

    const record = (bus: Bus, subject?: string) => new RecordedSubject(bus, { nameOf, ...(subject && { subject }) });

    /** Nodes that know each other. */
    async function openNodes(): Promise<Record<"a" | "b" | "c", RecordedSubject>> {
      const opened = [await openBus(), await openBus(), await openBus()] as const;
      const [a, b, c] = [record(opened[0]), record(opened[1]), record(opened[2])];
      await Promise.all([a.until("joined b"), a.until("joined c"), b.until("joined a"), b.until("joined c")]);
      await Promise.all([c.until("joined a"), c.until("joined b")]);
      return { a, b, c };
    }

    const busOf = (node: "a" | "b" | "c") => buses["abc".indexOf(node)] as Bus;

    test("nodes know each other, and no node knows itself", async () => {
      await openNodes();
      const ids = buses.map(({ node }) => node);
      expect(new Set(ids).size).toBe(3);
      for (const { node, peers } of buses) expect([...peers].sort()).toEqual(ids.filter((id) => id !== node).sort());
    });

    test("a message arrives at all others, in the order of its node, with its room", async () => {
      const { a, b, c } = await openNodes();
      for (let number = 1; number <= 50; number += 1) a.port.publish("r", bytes(`${number}`));
      const sent = Array.from({ length: 50 }, (_, index) => `a r: ${index + 1}`);
      for (const { messages } of await untilAll([b, c], "a r: 50")) expect(messages).toEqual(sent);
      expect(a.messages).toEqual([]);
    });

    test("the bytes of a message may change when it was sent", async () => {
      const { a, b } = await openNodes();
      const message = bytes("before");
      a.port.publish("r", message);
      message.set(bytes("after!"));
      await b.until("a r: before");
    });

    test("names and messages of any length and content arrive, in order", async () => {
      const { a, b } = await openNodes();
      const room = `ä\u0000"${"x".repeat(9_000)}`;
      const any = Uint8Array.from({ length: 99 }, (_, index) => index * 3);
      a.port.publish("r", new Uint8Array(300_000));
      a.port.publish("", new Uint8Array());
      a.port.publish(room, any);
      a.port.publish("r", new Uint8Array(8_000));
      a.port.publish("r", bytes("last"));
      await b.until("a r: last");
      const sent = ["r: 300000 bytes", ": ", `${room}: ${text(any)}`, "r: 8000 bytes", "r: last"];
      expect(b.messages).toEqual(sent.map((message) => `a ${message}`));
    });

    test("a message to one node arrives there alone, in the order of all messages", async () => {
      const { a, b, c } = await openNodes();
      a.port.publish("r", bytes("1"));
      a.port.send(busOf("b").node, "r", bytes("2"));
      a.port.send("unknown", "r", bytes("3"));
      a.port.send(busOf("a").node, "r", bytes("4"));
      a.port.publish("r", bytes("5"));
      await untilAll([b, c], "a r: 5");
      expect(b.messages).toEqual(["a r: 1", "a r: 2", "a r: 5"]);
      expect(c.messages).toEqual(["a r: 1", "a r: 5"]);
      expect(a.messages).toEqual([]);
    });

    test("subjects do not mix, and a subject that is opened later is told of the peers", async () => {
      const { a, b } = await openNodes();
      const signaling = record(busOf("a"), "signaling");
      signaling.port.publish("r", bytes("ignored"));
      expect(signaling.events).toEqual([]);
      await signaling.until("joined b");
      a.port.publish("r", bytes("presence"));
      await b.until("a r: presence");
      const other = record(busOf("b"), "signaling");
      await other.until("joined a");
      signaling.port.publish("r", bytes("offer"));
      await other.until("a r: offer");
      expect(other.messages).toEqual(["a r: offer"]);
      expect(b.messages).toEqual(["a r: presence"]);
      expect(() => record(busOf("b"), "signaling")).toThrow("signaling");
    });

    describe("a question", () => {
      const answersOf = (answers: readonly { readonly node: NodeId; readonly answer: Uint8Array }[]) =>
        answers.map(({ node, answer }) => `${nameOf(node)}: ${text(answer)}`).sort();

      test("is answered by those that have something to say", async () => {
        const { a, b, c } = await openNodes();
        b.answer = async (_from, room, question) => bytes(`${text(question)} ${room}!`);
        const { answers, isComplete } = await a.port.ask("r", bytes("who"), patient);
        expect(answersOf(answers)).toEqual(["b: who r!"]);
        expect(isComplete).toBeTrue();
        expect(c.messages).toEqual(["a asks r: who"]);
      });

      test("is complete without those that fail, do not listen, or do not know the subject", async () => {
        const { a, b, c } = await openNodes();
        b.answer = () => Promise.reject(new Error("failed"));
        c.answer = () => {
          throw new Error("failed");
        };
        expect(await a.port.ask("r", bytes("who"), patient)).toEqual({ answers: [], isComplete: true });
        const signaling = busOf("a").open("signaling", { received: () => {} });
        busOf("b").open("signaling", { received: () => {} });
        expect(await signaling.ask("r", bytes("who"), patient)).toEqual({ answers: [], isComplete: true });
      });

      test("ends incomplete when a node does not answer in time", async () => {
        const { a, b, c } = await openNodes();
        b.answer = () => new Promise(() => {});
        c.answer = () => bytes("here");
        const { answers, isComplete } = await a.port.ask("r", bytes("who"), { withinMs: 10_000 });
        expect(answersOf(answers)).toEqual(["c: here"]);
        expect(isComplete).toBeFalse();
      });

      test("does not wait for a node that is lost", async () => {
        const { a, b } = await openNodes();
        b.answer = () => new Promise(() => {});
        const asking = a.port.ask("r", bytes("who"), patient);
        await b.until("a asks r: who");
        await medium.kill(busOf("b"));
        expect(await asking).toEqual({ answers: [], isComplete: true });
      });

      test("of a node without peers has no answers, at once", async () => {
        const alone = record(await openBus());
        expect(await alone.port.ask("r", bytes("who"))).toEqual({ answers: [], isComplete: true });
      });

      test("stands in the order of the messages, as its answer does", async () => {
        const { a, b } = await openNodes();
        b.answer = () => {
          b.port.publish("r", bytes("before"));
          return bytes("answer");
        };
        a.port.publish("r", bytes("1"));
        const asking = a.port.ask("r", bytes("2"), patient);
        a.port.publish("r", bytes("3"));
        await asking;
        expect(a.messages).toEqual(["b r: before"]);
        await b.until("a r: 3");
        expect(b.messages).toEqual(["a r: 1", "a asks r: 2", "a r: 3"]);
      });
    });

    test("a message that is sent in `joined` arrives, after `joined`", async () => {
      const greet = (bus: Bus) => {
        const greeting = record(bus, "greetings");
        const { joined } = greeting;
        greeting.joined = (node) => {
          joined.call(greeting, node);
          greeting.port.publish("r", bytes(`hello ${nameOf(node)}`));
          greeting.port.send(node, "r", bytes("hello"));
        };
        return greeting;
      };
      const opened = [await openBus(), await openBus()] as const;
      const [a, b] = [greet(opened[0]), greet(opened[1])];
      await Promise.all([a.until("b r: hello"), b.until("a r: hello")]);
      expect(a.events).toEqual(["joined b", "b r: hello a", "b r: hello"]);
      expect(b.events).toEqual(["joined a", "a r: hello b", "a r: hello"]);
    });

    test("a node that is killed is lost", async () => {
      const { a, b, c } = await openNodes();
      await medium.kill(busOf("c"));
      await untilAll([a, b], "lost c");
      for (const bus of [busOf("a"), busOf("b")]) expect(bus.peers.has(busOf("c").node)).toBeFalse();
      a.port.publish("r", bytes("after"));
      await b.until("a r: after");
      expect(c.messages).toEqual([]);
    });

    test("a node that is cut off has no peers, and joins again when it is back", async () => {
      const { a, b, c } = await openNodes();
      await medium.cut(busOf("c"));
      await Promise.all([a.until("lost c"), b.until("lost c"), c.until("lost a"), c.until("lost b")]);
      expect(busOf("c").peers.size).toBe(0);
      c.port.publish("r", bytes("lost"));
      a.port.publish("r", bytes("lost"));
      await medium.heal(busOf("c"));
      const isBack = (subject: RecordedSubject, node: string) => subject.reportsOf(node).at(-1) === "joined";
      const areBack = () => isBack(a, "c") && isBack(b, "c") && isBack(c, "a") && isBack(c, "b");
      while (!areBack()) await new Promise((resolve) => setImmediate(resolve));
      for (const [subject, node] of [
        [a, "c"],
        [b, "c"],
        [c, "a"],
        [c, "b"],
      ] as const) {
        expect(subject.reportsOf(node).slice(0, 3)).toEqual(["joined", "lost", "joined"]);
      }
      a.port.publish("r", bytes("again"));
      c.port.publish("r", bytes("back"));
      await Promise.all([a.until("c r: back"), c.until("a r: again")]);
      expect(a.messages).toEqual(["c r: back"]);
      expect(c.messages).toEqual(["a r: again"]);
    });

    test("a node is told that it has missed messages, before it receives later ones", async () => {
      const { a, b } = await openNodes();
      a.port.publish("r", bytes("first"));
      await b.until("a r: first");
      await medium.loseNext(busOf("a"));
      a.port.publish("r", bytes("lost"));
      await b.until("missed a");
      a.port.publish("r", bytes("later"));
      await b.until("a r: later");
      expect(b.events.slice(b.events.indexOf("a r: first"))).toEqual(["a r: first", "missed a", "a r: later"]);
    });
  });
}

async function untilAll(subjects: readonly RecordedSubject[], event: string): Promise<readonly RecordedSubject[]> {
  await Promise.all(subjects.map((subject) => subject.until(event)));
  return subjects;
}
