import * as v from "valibot";
import { userId } from "../auth/identifiers.ts";
import type { AccessPlace } from "../composition/access/command-access.ts";
import { loadSettings } from "../composition/settings/settings.ts";
import { longestTurnTtlMs } from "../composition/settings/turn/turn-options.ts";
import { iceServersOf } from "../composition/turn/ice-servers-of.ts";
import { parseDuration } from "../config/duration.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { describeDataError } from "./output/data-errors.ts";
import { print } from "./output/print.ts";

const noUser = "yurt turn-credentials";

/** Prints ICE servers with credentials that the TURN server with this configuration accepts. It need not be running. */
export async function turnCredentials({ sources, switches, texts, stdout, stderr }: CommandInput): Promise<number> {
  const complain = (message: string, code: number) => {
    stderr.write(`yurt: ${message}\n`);
    return code;
  };
  const loaded = loadSettings(sources);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const user = v.safeParse(v.optional(userId, noUser), texts.get("user"));
  if (!user.success) {
    const given = JSON.stringify(texts.get("user"));
    return complain(`Invalid --user ${given}. Use 1 to 1024 characters, without control characters.`, exitCodes.usage);
  }
  const ttl = texts.get("ttl");
  const ttlMs = ttl === undefined ? values["turn.ttl"] : parseDuration(ttl);
  if (ttlMs === undefined || ttlMs < 1_000)
    return complain(`Invalid --ttl ${JSON.stringify(ttl)}. Use a duration such as 90s, 15m or 6h.`, exitCodes.usage);
  if (ttlMs > longestTurnTtlMs)
    return complain("Invalid --ttl. Credentials are valid for at most 24h.", exitCodes.usage);
  try {
    const { iceServers, isSecretKept, newSecretIn, problems } = await iceServersOf({ ...values, "turn.ttl": ttlMs });
    if (!isSecretKept)
      return complain(
        "The server stores nothing, so its TURN secret changes at each start. Set --turn-secret.",
        exitCodes.failed,
      );
    for (const problem of problems) stderr.write(`yurt: ${problem}\n`);
    const list = iceServers.listFor({ user: user.output, remoteAddress: "127.0.0.1" });
    if (!list.iceServers.some(({ credential }) => credential !== undefined))
      return complain(
        "There is no TURN server to mint credentials for. Remove --no-turn, or name one with --turn-advertise.",
        exitCodes.failed,
      );
    await print(stdout, switches.has("json") ? `${JSON.stringify(list)}\n` : configurationOf(list.iceServers));
    // The command often runs in another folder than the server.
    if (newSecretIn !== undefined) stderr.write(`yurt: ${describeNewSecret(newSecretIn)}\n`);
    return exitCodes.done;
  } catch (error) {
    const message = describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error));
    return complain(message, exitCodes.failed);
  }
}

function describeNewSecret({ remedy, secrets }: AccessPlace): string {
  return `The TURN secret in ${secrets} is new. Use ${remedy}, or it refuses the credentials.`;
}

/** The argument of `new RTCPeerConnection(…)`, as JSON. */
function configurationOf(iceServers: readonly unknown[]): string {
  return `${JSON.stringify({ iceServers }, undefined, 2)}\n`;
}
