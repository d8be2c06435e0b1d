import { Traffic } from "../load/traffic.ts";
import { EchoLinks } from "../load/turn/echo-links.ts";
import { insertedUpdates } from "../load/updates.ts";
import { percentile } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";
import { turnOf } from "./turn.ts";

const rooms = 50;
const updatesPerSecond = 5_000;
const echoesPerSecond = 500;
const clients = 20;
const secondsOf = { full: 10, quick: 1 } as const;

/** TURN and the relay share a thread: a commit, or a large document, may hold packets up. */
export const turnBesideRelay: Scenario = {
  name: "turn-beside-relay",
  about:
    "50 rooms of 2, 5,000 updates/s in total, stored; meanwhile 20 clients send 500 packets/s through TURN to peers that echo",
  needs: ["turn", "relay", "storage"],
  metrics: [
    { key: "p99", label: "TURN p99, both ways", unit: "ms", digits: 2, goal: { atMost: 20 } },
    { key: "p50", label: "p50", unit: "ms", digits: 2 },
    { key: "longest", label: "longest", unit: "ms", digits: 1 },
    { key: "lost", label: "lost", unit: "‰", digits: 2 },
    { key: "updateP99", label: "updates p99", unit: "ms", digits: 2 },
  ],
  run: async (target, size) => {
    const server = await target.start();
    const seconds = secondsOf[size];
    const perRoom = (updatesPerSecond * (seconds + 1)) / rooms;
    const traffic = await Traffic.open({ server, rooms, readersPerRoom: 1, updates: insertedUpdates(perRoom) });
    await using links = await EchoLinks.throughTurn(turnOf(server), clients);
    await links.pace(echoesPerSecond, 1);
    links.roundTrips.clear();
    const [{ sent, echoed }] = await Promise.all([
      links.pace(echoesPerSecond, seconds),
      traffic.pace(perRoom, updatesPerSecond),
    ]);
    const { values } = links.roundTrips;
    const measurement = {
      p50: percentile(values, 0.5),
      p99: percentile(values, 0.99),
      longest: percentile(values, 1),
      lost: ((sent - echoed) * 1_000) / sent,
      updateP99: percentile(traffic.latencies.values, 0.99),
    };
    traffic.close();
    await server.stop();
    return measurement;
  },
};
