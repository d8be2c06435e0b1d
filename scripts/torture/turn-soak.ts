import { parseServerUrl } from "../../src/turn/client/server-url.ts";
import { iceServersAt } from "../../test/support/turn/turn-through.ts";
import { EchoLinks } from "../bench/load/turn/echo-links.ts";
import type { TurnAccess } from "../bench/load/turn/turn-access.ts";
import { Faults, type Outcome, type Progress } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface TurnSoakOptions {
  /** The folder must exist. */
  readonly dataFolder: string;
  readonly seconds?: number | undefined;
  readonly progress?: Progress;
}

const secret = "secret-of-a-server-that-serves-this-machine-only";
const clients = 50;
/** Each packet is relayed twice: to a peer that echoes, and back. */
const echoesPerSecond = 2_500;
const rounds = 20;
const growthBytes = 24 * 2 ** 20;

/**
 * Relays 5,000 packets per second through TURN, while other clients come and go. Nothing may be lost, and the memory
 * of the server must not grow after the first quarter.
 */
export async function tortureByTurnSoak({ dataFolder, seconds = 600, progress }: TurnSoakOptions): Promise<Outcome> {
  await using server = new ServerProcess({ dataFolder, args: ["--turn-port", "0", "--turn-secret", secret] });
  const access = await accessTo(await server.port());
  await using links = await EchoLinks.throughTurn(access, clients);
  const memory: number[] = [];
  let [sent, echoed] = [0, 0];
  for (let round = 1; round <= rounds; round += 1) {
    await using passing = await EchoLinks.throughTurn(access, clients);
    const results = await Promise.all([
      links.pace((echoesPerSecond * 4) / 5, seconds / rounds),
      passing.pace(echoesPerSecond / 5, seconds / rounds),
    ]);
    for (const result of results) {
      sent += result.sent;
      echoed += result.echoed;
    }
    memory.push(server.memory("now"));
    if (round % 5 === 0) progress?.(`${sent} packets sent, ${mebibytes(memory.at(-1))} MiB`);
  }
  const faults = new Faults();
  const [early = 0, late = 0] = [memory[rounds / 4], memory.at(-1)];
  faults.unless(echoed === sent, `${sent - echoed} of ${sent} packets were lost`);
  faults.unless(late <= early + growthBytes, `memory grew from ${mebibytes(early)} to ${mebibytes(late)} MiB`);
  faults.unless(!server.hasEnded, "the server has ended");
  for (const line of server.troubles) faults.add(line);
  return {
    figures: {
      "packets sent": sent,
      "packets relayed": 2 * echoed,
      "MiB resident, after a quarter": mebibytes(early),
      "MiB resident, at the end": mebibytes(late),
    },
    faults: faults.all,
  };
}

async function accessTo(port: number): Promise<TurnAccess> {
  const { iceServers } = await iceServersAt(`http://127.0.0.1:${port}`);
  const [stun = ""] = iceServers.flatMap(({ urls }) => urls);
  const turnPort = parseServerUrl(stun)?.port;
  if (turnPort === undefined) throw new Error("the server has no TURN");
  return { port: turnPort, secret };
}

function mebibytes(bytes = Number.NaN): number {
  return Math.round(bytes / 2 ** 20);
}
