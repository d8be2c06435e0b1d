import { expect, test } from "bun:test";
import { type BusMedium, describeBus } from "../../contract/bus.ts";
import { BusNetwork } from "./bus-network.ts";
import { fastClock } from "./fast-clock.ts";
import { bytes, RecordedSubject } from "./recorded-bus.ts";

function openMedium(): BusMedium {
  const network = new BusNetwork(fastClock(25));
  const nodes: string[] = [];
  return {
    open: async () => {
      const bus = network.join();
      nodes.push(bus.node);
      return bus;
    },
    cut: ({ node }) => network.cut(node),
    heal: ({ node }) => network.heal(node),
    kill: ({ node }) => network.kill(node),
    loseNext: ({ node }) => {
      for (const other of nodes) network.loseNext(node, other);
    },
    close: () => network.settled(),
  };
}

describeBus("a bus in this process", openMedium);

test("a node that is held receives everything later, in order", async () => {
  const network = new BusNetwork();
  const [a, b] = [new RecordedSubject(network.join("a")), new RecordedSubject(network.join("b"))];
  await network.settled();
  network.hold("b");
  a.port.publish("r", bytes("1"));
  network.join("c");
  await network.settled();
  expect(b.messages).toEqual([]);
  network.release("b");
  await network.settled();
  expect(b.events).toEqual(["joined a", "a r: 1", "joined c"]);
});
