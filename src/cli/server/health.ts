import { localUrlOf } from "../../composition/settings/https/https-settings.ts";
import { loadSettings } from "../../composition/settings/settings.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";

const deadlineMs = 3_000;
/** The settings on which the address and the scheme depend. */
const keys = ["host", "port", "public-url", "domain", "tls.mode", "tls.cert", "tls.key"] as const;

/** Checks whether the server that runs with this configuration is ready, for container health checks. */
export async function health({ sources, stdout, stderr }: CommandContext): Promise<number> {
  const loaded = loadSettings(sources, keys);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const { "public-url": publicUrl } = values;
  const localUrl = localUrlOf(values);
  if (localUrl === undefined) {
    stderr.write("yurt: With port 0 the server takes any free port. Give its actual port with --port.\n");
    return exitCodes.failed;
  }
  const problem = await problemAt(`${localUrl}/readyz`);
  if (problem === undefined) {
    stdout.write(publicUrl === undefined ? "ready\n" : `ready, served at ${publicUrl.href}\n`);
    return exitCodes.done;
  }
  stderr.write(`yurt: ${problem}\n`);
  return exitCodes.failed;
}

/** Why the server is not ready, in sentences; undefined when it is. */
async function problemAt(url: string): Promise<string | undefined> {
  try {
    // A proxy of the environment is for other machines.
    const response = await fetch(url, {
      proxy: false,
      redirect: "manual",
      signal: AbortSignal.timeout(deadlineMs),
      // The certificate is for the public name, and the request carries no secret.
      tls: { rejectUnauthorized: false },
    });
    if (response.ok) return undefined;
    return `The server at ${url} is not ready (${response.status}): ${firstLine(await response.text()).replace(/^not ready: /, "")}.`;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "TimeoutError") return `The server at ${url} did not answer within ${deadlineMs / 1000} s.`;
    const reason = "code" in error && error.code === "ECONNREFUSED" ? "" : ` (${firstLine(error.message)})`;
    return `No server answers at ${url}${reason}. Start it, or give its address with --host and --port.`;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1).join("").slice(0, 200).replace(/\.$/, "");
}
