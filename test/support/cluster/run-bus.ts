/** Runs the bus of a node on a database, 25 times as fast as usual (or so many times as a second argument says), and prints what its listener is told. */
import { writeSync } from "node:fs";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresBus } from "../../../src/storage/postgres/bus/postgres-bus.ts";
import { openConnections } from "../../../src/storage/postgres/connections.ts";
import { fastClock } from "./fast-clock.ts";

const [url = "", factor = "25"] = process.argv.slice(2);
const print = (line: string) => void writeSync(1, `${line}\n`);
const bus = await openPostgresBus({
  database: openConnections({ url }),
  clock: fastClock(+factor),
  metrics: createMetrics(),
  release: "1.2.3",
});
print(bus.node);
bus.open("presence", {
  received: (_from, _room, message) => print(new TextDecoder().decode(message)),
  joined: (node) => print(`joined ${node}`),
  lost: (node) => print(`lost ${node}`),
  missed: (node) => print(`missed ${node}`),
});
