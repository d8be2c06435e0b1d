import { signalingDialect } from "../../../../scripts/bench/load/signaling-dialect.ts";
import { Traffic } from "../../../../scripts/bench/load/traffic.ts";
import { insertedUpdates } from "../../../../scripts/bench/load/updates.ts";
import { yWebsocketDialect } from "../../../../scripts/bench/load/y-websocket-dialect.ts";

// Puts a load of the bench on a server of this machine until SIGTERM: `bench-load.ts PORT PREFIX`. The documents are
// PREFIX-0 and so on, the topic is PREFIX-topic-0. Prints `open` when all clients are connected, and at the end `complete`,
// if every update has arrived at every reader.

const [port = "", prefix = ""] = process.argv.slice(2);
const rooms = 20;
const readersPerRoom = 4;
const updatesPerSecond = 200;
const topicReaders = 19;
const messagesPerSecond = 20;
/** The load ends by itself after so many seconds. */
const mostSeconds = 120;
/** At the end of each step, everything has arrived. */
const stepSeconds = 2;

const server = {
  // The load measures nothing.
  pid: 0,
  port: Number(port),
  dialect: yWebsocketDialect("/sync/", { mergesUpdates: true }),
  signaling: signalingDialect,
  stop: async () => {},
};

let isStopped = false;
process.once("SIGTERM", () => {
  isStopped = true;
});

const documents = await Traffic.open({
  ...{ server, rooms, readersPerRoom, prefix },
  updates: insertedUpdates((mostSeconds * updatesPerSecond) / rooms),
});
const topic = await Traffic.open({
  server: { ...server, dialect: server.signaling },
  ...{ rooms: 1, readersPerRoom: topicReaders, prefix: `${prefix}-topic` },
  updates: insertedUpdates(mostSeconds * messagesPerSecond),
});
console.log("open");
for (let seconds = stepSeconds; seconds <= mostSeconds && !isStopped; seconds += stepSeconds) {
  await Promise.all([
    documents.pace((seconds * updatesPerSecond) / rooms, updatesPerSecond),
    topic.pace(seconds * messagesPerSecond, messagesPerSecond),
  ]);
}
console.log("complete");
documents.close();
topic.close();
