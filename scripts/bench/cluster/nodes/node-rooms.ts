import { openAuthorizer } from "../../../../src/auth/open-authorizer.ts";
import { openBus } from "../../../../src/composition/cluster/open-bus.ts";
import { openServerStorage } from "../../../../src/composition/cluster/server-storage.ts";
import { openRelay } from "../../../../src/composition/relay.ts";
import { loadSettings, serverOptionsOf } from "../../../../src/composition/settings/settings.ts";
import { CountedAddresses } from "../../../../src/lib/address/counted-addresses.ts";
import { systemClock } from "../../../../src/lib/time/clock.ts";
import { Pulse } from "../../../../src/lib/time/pulse.ts";
import { LimitedLog } from "../../../../src/ops/limited-log.ts";
import { createLog } from "../../../../src/ops/log.ts";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { startWorkerCompactor } from "../../../../src/relay/compaction/worker-compactor.ts";
import { openDataFolder } from "../../../../src/storage/data-folder.ts";
import type { Protocol } from "../../../../src/transport/protocol.ts";
import { Scheduler } from "../../../../src/transport/scheduling/scheduler.ts";
import type { RunnerOptions } from "../../../../src/transport/session-runner.ts";
import { openFakeChannel } from "../../../../test/support/fakes/fake-channel.ts";
import type { LocalConnection } from "./local-connection.ts";

export interface NodePlace {
  /** The URL of the database that the nodes share. */
  readonly clusterUrl: string;
  /** The folder of this node alone. */
  readonly dataFolder: string;
}

/** The node's transactions that stored updates, and the updates that they stored, since its start. */
export interface CommitCounts {
  readonly commits: number;
  readonly updates: number;
}

/** The rooms of a node of a cluster, without its ports. */
export interface NodeRooms extends AsyncDisposable {
  /** The protocol of its clients. */
  readonly protocol: Protocol;
  readonly runner: Omit<RunnerOptions<LocalConnection>, "ended"> & { readonly scheduler: Scheduler };
  commitCounts(): CommitCounts;
}

/** As in `server.ts`. */
const pulseMs = 200;
const lingerMs = 10_000;

/**
 * Opens what a node has from its sessions down to the database, with the defaults of the executable. What it publishes is
 * handed to the connections at once, since there is no socket that could be written later.
 */
export async function openNodeRooms(place: NodePlace): Promise<NodeRooms> {
  const log = createLog({ level: "warn", pretty: false, destination: process.stderr });
  const options = { ...settingsOf(place), log };
  const shared = {
    clock: systemClock,
    pulse: new Pulse({ intervalMs: pulseMs, clock: systemClock }),
    metrics: createMetrics(),
    addresses: new CountedAddresses(),
  };
  const dependencies = { ...options, ...shared, openChannel: openFakeChannel };
  const { limits } = options;
  await using opening = new AsyncDisposableStack();
  const dataFolder = opening.adopt(openDataFolder(options.dataFolder), (folder) => folder.release());
  const { database, store, lead } = opening.use(await openServerStorage(dataFolder, dependencies));
  if (store === undefined) throw new Error("a node of a cluster stores documents");
  const bus = opening.adopt(await openBus(database, dependencies), (opened) => opened?.close());
  const relay = opening.use(
    openRelay(store, {
      ...dependencies,
      bus,
      lead,
      lingerMs,
      authorizer: openAuthorizer,
      readersShowPresence: options.auth.readersShowPresence,
      compactor: startWorkerCompactor(),
    }),
  );
  await relay.follow();
  await bus?.met();
  const protocol = relay.protocols?.find(({ name }) => name === "y-websocket");
  if (protocol === undefined) throw new Error("the relay has no protocol y-websocket");
  const scheduler = new Scheduler({ ...shared, limits, elapsedMs: () => performance.now() });
  const { commits, committedUpdates } = shared.metrics;
  const opened = opening.move();
  return {
    protocol,
    runner: { ...shared, limits, scheduler, limitedLog: new LimitedLog(log, systemClock) },
    commitCounts: () => ({ commits: commits.read(), updates: committedUpdates.read() }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function settingsOf({ clusterUrl, dataFolder }: NodePlace) {
  const flags = new Map([
    ["cluster.url", { flag: "--cluster-url", value: clusterUrl }],
    ["data", { flag: "--data", value: dataFolder }],
  ]);
  const noFile = (path: string) => {
    throw new Error(`${path} is not read`);
  };
  const loaded = loadSettings({ environment: {}, flags, readFile: noFile });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return serverOptionsOf(loaded.configuration.values);
}
