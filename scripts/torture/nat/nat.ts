import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { IceServer, IceServerList } from "../../../src/turn/ice/ice-servers.ts";
import { type LinkRoute, PeerLink } from "../../../test/support/browser/peer-link.ts";
import { findProgram, installCommand, type Program } from "../../../test/support/processes/programs.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { ServerProcess } from "../server-process.ts";
import { launchBehind } from "./nat-browser.ts";
import { type NatKind, NatNetwork, publicRange, type Side, serverAddress } from "./nat-network.ts";

export interface NatOptions {
  /** A folder for the server's data and the browsers' files. It must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
  /** By default all of them. */
  readonly pairs?: readonly NatPair[];
  /** How long two pages may take to connect. A browser never says that it has given up: it keeps on trying. */
  readonly connectMs?: number;
}

/** Two NATs, and what two pages behind them must do with STUN alone and with TURN. */
export interface NatPair {
  readonly nats: readonly [NatKind, NatKind];
  readonly withStun: "connects" | "fails";
}

const natPairs: readonly NatPair[] = [
  { nats: ["cone", "cone"], withStun: "connects" },
  { nats: ["symmetric", "symmetric"], withStun: "fails" },
  { nats: ["symmetric", "cone"], withStun: "fails" },
  { nats: ["no-udp", "cone"], withStun: "fails" },
  { nats: ["no-udp", "no-udp"], withStun: "fails" },
];

const httpPort = 8_080;

/**
 * Connects two pages of Chromium through pairs of NATs, with STUN alone and with TURN. Does nothing, and says why, where
 * network namespaces are not allowed or a program is missing.
 */
export async function tortureByNats(options: NatOptions): Promise<Outcome> {
  const { dataFolder, progress, pairs = natPairs, connectMs = 13_000 } = options;
  const missing = missingPrograms();
  if (missing !== undefined) return skipped(missing);
  let opened: NatNetwork;
  try {
    opened = await NatNetwork.open();
  } catch (error) {
    return skipped(error instanceof Error ? error.message : String(error));
  }
  await using network = opened;
  await using server = new ServerProcess({
    dataFolder: await folderIn(dataFolder, "server"),
    port: httpPort,
    // The range for documentation is refused by default.
    args: ["--host", "0.0.0.0", "--auth-mode", "open", "--turn-port", "3478", "--turn-allow-peers", publicRange],
    prefix: network.prefixOf("server"),
  });
  await server.port();
  await using browsers = new AsyncDisposableStack();
  const open = async (side: Side): Promise<Browser> => {
    const browser = await launchBehind(network.prefixOf(side), await folderIn(dataFolder, `browser-${side}`));
    browsers.defer(() => browser.close());
    return browser;
  };
  const clients = { a: await open("a"), b: await open("b") };
  const faults = new Faults();
  const figures: Record<string, string> = {};
  for (const { nats, withStun } of pairs) {
    await network.set("a", nats[0]);
    await network.set("b", nats[1]);
    for (const use of ["STUN", "STUN and TURN"] as const) {
      const found = describeRoute(await connect(clients, use, connectMs));
      const expected = use === "STUN" ? withStun : "connects";
      const row = `${nats.join(" / ")}, ${use}`;
      figures[row] = found;
      faults.unless((found === "fails") === (expected === "fails"), `${row}: ${found}, but it must be: ${expected}`);
      progress?.(`${row}: ${found}`);
    }
  }
  return { figures, faults: faults.all };
}

/** Undefined if the pages do not connect. */
async function connect(
  clients: Readonly<Record<Side, Browser>>,
  use: "STUN" | "STUN and TURN",
  limitMs: number,
): Promise<LinkRoute | undefined> {
  const contexts = [await clients.a.newContext(), await clients.b.newContext()];
  try {
    const [one, other] = await Promise.all(
      contexts.map(async (context) => {
        const page = await context.newPage();
        await page.goto(`http://${serverAddress}:${httpPort}/healthz`);
        return page;
      }),
    );
    if (one === undefined || other === undefined) throw new Error("there are two pages");
    const { iceServers } = await one.evaluate(async (): Promise<IceServerList> => {
      const response = await fetch("/ice?room=room");
      // The type of the route's answer.
      return (await response.json()) as IceServerList;
    });
    const used = use === "STUN" ? iceServers.filter(isStun) : iceServers;
    const link = await PeerLink.open(one, other, { iceServers: used, policy: "all", limitMs });
    // The pair that is in use may change for the better just after the channel has opened.
    await link.send(100_000);
    return await link.route();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("the pages did not connect")) return undefined;
    throw error;
  } finally {
    for (const context of contexts) await context.close();
  }
}

function describeRoute(route: LinkRoute | undefined): string {
  if (route === undefined) return "fails";
  const { types, relayProtocol } = route;
  return `connects (${types.join(" – ")}${relayProtocol === undefined ? "" : `, relayed over ${relayProtocol}`})`;
}

function isStun({ username }: IceServer): boolean {
  return username === undefined;
}

function missingPrograms(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are a part of Linux";
  const needed: readonly Program[] = ["chromium", "ip", "nft", "sysctl"];
  const missing = needed.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? undefined : `not found: ${missing.join(", ")}. To install: ${installCommand(missing)}`;
}

function skipped(reason: string): Outcome {
  return { figures: { skipped: reason }, faults: [] };
}

async function folderIn(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  return folder;
}
