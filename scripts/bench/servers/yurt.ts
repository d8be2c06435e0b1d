import { ensureExecutable, executable } from "../../../test/support/processes/ensure-executable.ts";
import type { Dialect } from "../load/dialect.ts";
import { hocuspocusDialect } from "../load/hocuspocus-dialect.ts";
import { signalingDialect } from "../load/signaling-dialect.ts";
import { yWebsocketDialect } from "../load/y-websocket-dialect.ts";
import { buildCommit } from "./commit-build.ts";
import { launch, type RunningServer, type ServerKind } from "./server.ts";

/**
 * Higher bounds of one client's signaling rate: a benchmark's publisher sends in a second as much as a page sends in a
 * day.
 */
const unhindered = ["--limits-publishes-per-second", "1000000", "--limits-fan-out-deliveries", "100000000"];

const turnSecret = "secret-of-a-server-that-serves-this-machine-only";

/** The updates of one client that arrive together are forwarded as one. */
const mergesUpdates = { mergesUpdates: true };
const syncDialect = yWebsocketDialect("/sync/", mergesUpdates);
const collabDialect = hocuspocusDialect("/collab", mergesUpdates);

/** The executable of this repository, with its defaults except for the signaling rates. */
export const yurt: ServerKind = {
  name: "yurt",
  about: "this repository's executable with its defaults: an update is stored before it is forwarded",
  abilities: new Set(["relay", "sync", "presence", "storage", "signaling", "api", "turn"]),
  prepare: ensureExecutable,
  start: (dataFolder) => start(dataFolder, syncDialect),
};

/** The same server, with clients that speak Hocuspocus. */
export const yurtCollab: ServerKind = {
  name: "yurt-collab",
  about: "the same with Hocuspocus' framing on /collab, and its acknowledgements",
  abilities: new Set(["relay", "sync", "presence", "storage"]),
  goal: { atMost: 1.15, of: yurt.name },
  prepare: ensureExecutable,
  start: (dataFolder) => start(dataFolder, collabDialect),
};

/**
 * The executable of another commit. `command` is its path, followed by the flags that it needs besides those of `yurt`
 * (the names of its signaling rates may differ).
 */
export function baseline(command: string): ServerKind {
  const [path = "", ...flags] = command.split(" ").filter((word) => word !== "");
  return {
    ...yurt,
    name: "baseline",
    about: `the executable of another commit: ${command}`,
    prepare: async () => {
      if (!(await Bun.file(path).exists())) throw new Error(`${path} does not exist`);
    },
    start: (dataFolder) => start(dataFolder, syncDialect, [path, ...flags]),
  };
}

/**
 * The executable of another commit of this repository, in both protocols. Each of the two is paired with the present one
 * of its protocol: they take turns.
 */
export function against(commit: string): readonly ServerKind[] {
  let path = "";
  return [yurt, yurtCollab].map((kind) => ({
    name: kind === yurt ? "against" : "against-collab",
    about: `the executable of ${commit}${kind === yurt ? "" : ", with Hocuspocus' framing"}`,
    abilities: kind.abilities,
    pairedWith: kind.name,
    prepare: async () => {
      path = await buildCommit(commit);
    },
    start: (dataFolder) => start(dataFolder, kind === yurt ? syncDialect : collabDialect, [path, ...unhindered]),
  }));
}

/** Starts the executable of this repository with further flags. */
export function startYurt(dataFolder: string, flags: readonly string[]): Promise<RunningServer> {
  return start(dataFolder, syncDialect, [executable, ...unhindered, ...flags]);
}

/** Variables and no flags: a commit that has no TURN ignores them. */
const turnVariables = { YURT_TURN_PORT: "0", YURT_TURN_SECRET: turnSecret };

async function start(
  dataFolder: string,
  dialect: Dialect,
  [path = "", ...flags]: readonly string[] = [executable, ...unhindered],
): Promise<RunningServer> {
  let log = "";
  const running = await launch({
    command: [path, "serve", "--port", "0", "--data", dataFolder, ...flags],
    folder: dataFolder,
    environment: turnVariables,
    dialect,
    signaling: signalingDialect,
    port: (output) => {
      log = output;
      return findPort(output);
    },
  });
  const turnPort = /"turn:127\.0\.0\.1:(\d+)\?transport=udp"/.exec(log)?.[1];
  return turnPort === undefined ? running : { ...running, turn: { port: Number(turnPort), secret: turnSecret } };
}

const listening = /"event":"listening".*"port":(\d+)|"port":(\d+).*"event":"listening"/;

function findPort(log: string): number | undefined {
  const [, port, otherPort] = listening.exec(log) ?? [];
  const found = port ?? otherPort;
  return found === undefined ? undefined : Number(found);
}
