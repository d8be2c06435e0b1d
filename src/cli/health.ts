import { loadSettings } from "../composition/settings.ts";
import { authorityOf, reachableHost } from "../lib/address/authority.ts";
import type { CommandContext } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";

const deadlineMs = 3_000;

/** Whether the server that runs with this configuration is ready; for container health checks. */
export async function health({ sources, stdout, stderr }: CommandContext): Promise<number> {
  const loaded = loadSettings(sources);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { host, port } = loaded.configuration.values;
  if (port === 0) {
    stderr.write("yurt health: port 0 stands for any free port; say which one with --port\n");
    return exitCodes.failed;
  }
  const url = readinessUrl(host, port);
  const trouble = await troubleAt(url);
  if (trouble === undefined) {
    stdout.write("ready\n");
    return exitCodes.done;
  }
  stderr.write(`yurt health: ${url}: ${trouble}\n`);
  return exitCodes.failed;
}

/** A server that listens on every address also answers on loopback. */
export function readinessUrl(host: string, port: number): string {
  return `http://${authorityOf(reachableHost(host), port)}/readyz`;
}

async function troubleAt(url: string): Promise<string | undefined> {
  try {
    // The environment's proxy is for the world outside.
    const response = await fetch(url, { proxy: false, redirect: "manual", signal: AbortSignal.timeout(deadlineMs) });
    if (response.ok) return undefined;
    return `answered ${response.status}: ${firstLine(await response.text())}`;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "TimeoutError") return `no answer within ${deadlineMs / 1000} s`;
    return "code" in error && error.code === "ECONNREFUSED" ? "nothing listens there" : firstLine(error.message);
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1).join("").slice(0, 200);
}
