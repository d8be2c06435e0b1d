import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { ServerProcess } from "../server-process.ts";
import { bringPongs } from "./engine-packets.ts";
import { bringUnfinishedFrames } from "./unfinished-frames.ts";

export interface AttackOptions {
  /** A folder for the servers' data. It must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
}

/** A stranger. Resolves when everything is sent. */
interface Attack {
  readonly name: string;
  /** The greatest growth of the server meanwhile, in megabytes. */
  readonly growthMegabytes: number;
  readonly run: (port: number) => Promise<void>;
}

const attacks: readonly Attack[] = [
  { name: "pongs by polling", growthMegabytes: 150, run: (port) => bringPongs(port, "polling") },
  { name: "pongs by WebSocket", growthMegabytes: 150, run: (port) => bringPongs(port, "websocket") },
  // The loopback interface brings a gigabyte a second: more than its bound arrives before the server looks.
  ...(["/signal", "/sync/notes", "/collab"] as const).map((path) => ({
    name: `unfinished frames on ${path}`,
    growthMegabytes: 300,
    run: (port: number) => bringUnfinishedFrames(port, path),
  })),
];

const megabyte = 1_000_000;
const settleMs = 5_000;
const probeMs = 20;
/** The growth that may be left when an attack is over. */
const leftMegabytes = 50;

/** Attacks of strangers, each on a server of its own: its memory stays bounded, comes back, and it answers meanwhile. */
export async function tortureByAttacks({ dataFolder, progress = () => {} }: AttackOptions): Promise<Outcome> {
  const faults = new Faults();
  const figures: Record<string, string> = {};
  for (const { name, growthMegabytes, run } of attacks) {
    const folder = join(dataFolder, name.replaceAll(/\W+/g, "-"));
    await mkdir(folder);
    await using server = new ServerProcess({ dataFolder: folder });
    const port = await server.port();
    await Bun.sleep(probeMs);
    const before = server.memory("now");
    server.forgetPeak();
    const probe = startProbe(port);
    await run(port);
    const delayMs = await probe.stop();
    const peak = Math.round((server.memory("peak") - before) / megabyte);
    await Bun.sleep(settleMs);
    const left = Math.round((server.memory("now") - before) / megabyte);
    figures[name] = `+${peak} MB, then +${left} MB; /healthz p99 ${delayMs} ms`;
    faults.unless(peak <= growthMegabytes, `${name}: the server grew by ${peak} MB`);
    faults.unless(left <= leftMegabytes, `${name}: ${left} MB were left when it was over`);
    for (const trouble of server.troubles) faults.add(`${name}: ${trouble}`);
    progress(`${name}: ${figures[name]}`);
  }
  return { figures, faults: faults.all };
}

/** Asks for /healthz again and again. `stop` resolves with the 99th percentile of the answer times. */
function startProbe(port: number) {
  let isRunning = true;
  const probed = (async () => {
    const times: number[] = [];
    while (isRunning) {
      const askedAt = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/healthz`);
      await response.body?.cancel();
      times.push(performance.now() - askedAt);
      await Bun.sleep(probeMs);
    }
    times.sort((one, other) => one - other);
    return Math.round(times[Math.floor(times.length * 0.99)] ?? 0);
  })();
  return {
    stop: () => {
      isRunning = false;
      return probed;
    },
  };
}
