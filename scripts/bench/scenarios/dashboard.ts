import { systemClock } from "../../../src/lib/time/clock.ts";
import { ApiKeysFile } from "../../../src/storage/api-keys-file.ts";
import { Traffic } from "../load/traffic.ts";
import { insertedUpdates } from "../load/updates.ts";
import { costOf } from "../measurement.ts";
import type { RunningServer } from "../servers/server.ts";
import { median } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";
import { joinAll } from "./signaling.ts";

const rooms = 20;
const readersPerRoom = 4;
const updatesPerSecond = 200;
/** The topic whose members and messages the dashboard shows. */
const topicPrefix = "mesh";
const topicReaders = 19;
const messagesPerSecond = 50;

interface Extent {
  readonly idleConnections: number;
  /** Each round measures the same load without and with a dashboard. */
  readonly rounds: number;
  readonly seconds: number;
}

const extentOf: Readonly<Record<"full" | "quick", Extent>> = {
  full: { idleConnections: 5_000 - rooms * (readersPerRoom + 1) - topicReaders - 1, rounds: 6, seconds: 8 },
  quick: { idleConnections: 20, rounds: 1, seconds: 1 },
};

/** An administrator's page that is open: the figures and the log of the server, and one room. */
export const dashboard: Scenario = {
  name: "dashboard",
  about: `5,000 connections, ${updatesPerSecond} updates/s in ${rooms} rooms of ${readersPerRoom + 1}, ${messagesPerSecond} messages/s in a topic of ${topicReaders + 1}; the same load with and without a reader of the server's events (log at info) and of that topic's`,
  needs: ["api", "sync", "signaling"],
  metrics: [
    { key: "dashboard", label: "dashboard", unit: "% core", digits: 2, goal: { atMost: 2 } },
    { key: "with", label: "with", unit: "% core", digits: 1 },
    { key: "without", label: "without", unit: "% core", digits: 1 },
    { key: "events", label: "events", unit: "/s", digits: 1 },
  ],
  run: async (target, size) => {
    const extent = extentOf[size];
    const server = await target.start();
    const keys = new ApiKeysFile(target.dataFolder, systemClock);
    const { text: key } = keys.create({ name: "dashboard", scope: "docs:admin", prefix: "" });
    const idle = await joinAll(
      server,
      Array.from({ length: extent.idleConnections }, (_, index) => index),
    );
    const load = await Load.open(server, extent);
    await load.run();
    const [alone, watched]: [number[], number[]] = [[], []];
    let events = 0;
    const measureAlone = async () => void alone.push(await load.share());
    const measureWatched = async () => {
      const page = await Page.open(server, key);
      watched.push(await load.share());
      events += page.close();
    };
    for (let round = 0; round < extent.rounds; round += 1) {
      // The server gets faster with time, or slower: each is first in every other round.
      const steps = [measureAlone, measureWatched];
      for (const step of round % 2 === 0 ? steps : steps.toReversed()) await step();
    }
    load.close();
    for (const client of idle) client.close();
    await server.stop();
    return {
      dashboard: median(watched.map((share, round) => share - (alone[round] ?? Number.NaN))),
      with: median(watched),
      without: median(alone),
      events: events / extent.rounds / extent.seconds,
    };
  },
};

/** The same load again and again, for some seconds each time. */
class Load {
  readonly #server: RunningServer;
  readonly #seconds: number;
  readonly #documents: Traffic;
  readonly #topic: Traffic;
  #runs = 0;

  private constructor(
    server: RunningServer,
    seconds: number,
    { documents, topic }: Record<"documents" | "topic", Traffic>,
  ) {
    this.#server = server;
    this.#seconds = seconds;
    this.#documents = documents;
    this.#topic = topic;
  }

  static async open(server: RunningServer, { rounds, seconds }: Extent): Promise<Load> {
    const runs = 1 + 2 * rounds;
    const updates = insertedUpdates((runs * seconds * updatesPerSecond) / rooms);
    const documents = await Traffic.open({ server, rooms, readersPerRoom, updates });
    const topic = await Traffic.open({
      server: { ...server, dialect: server.signaling },
      ...{ rooms: 1, readersPerRoom: topicReaders, prefix: topicPrefix },
      updates: insertedUpdates(runs * seconds * messagesPerSecond),
    });
    return new Load(server, seconds, { documents, topic });
  }

  async run(): Promise<void> {
    this.#runs += 1;
    const seconds = this.#runs * this.#seconds;
    await Promise.all([
      this.#documents.pace((seconds * updatesPerSecond) / rooms, updatesPerSecond),
      this.#topic.pace(seconds * messagesPerSecond, messagesPerSecond),
    ]);
  }

  /** Runs the load, and resolves with the share of a core, in percent, that the server used. */
  async share(): Promise<number> {
    const { serverCpuMs, wallMs } = await costOf(this.#server.pid, () => this.run());
    return (100 * serverCpuMs) / wallMs;
  }

  close(): void {
    this.#documents.close();
    this.#topic.close();
  }
}

/** The streams of one open page. */
class Page {
  readonly #leaving = new AbortController();
  #events = 0;

  static async open({ port }: RunningServer, key: string): Promise<Page> {
    const page = new Page();
    for (const path of ["server/events?log=info", `rooms/signaling/${topicPrefix}-0/events`]) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
        headers: { authorization: `Bearer ${key}` },
        signal: page.#leaving.signal,
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      void page.#read(response);
    }
    return page;
  }

  /** Returns the number of events that came. */
  close(): number {
    this.#leaving.abort();
    return this.#events;
  }

  async #read({ body }: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body ?? []) this.#events += decoder.decode(chunk).split("\n\n").length - 1;
    } catch (error) {
      if (!this.#leaving.signal.aborted) throw error;
    }
  }
}
