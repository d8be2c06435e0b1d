import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { mintBeside } from "../../../composition/access/own-minter.ts";
import { authOptionsOf, type SettingValues } from "../../../composition/settings/settings.ts";
import { turnHostsOf, usualTurnPort } from "../../../composition/settings/turn/turn-settings.ts";
import { iceServersOf } from "../../../composition/turn/ice-servers-of.ts";
import { type IceServerTrial, tryIceServer, unknownName } from "../../../composition/turn/try-ice-server.ts";
import { authorityOf } from "../../../lib/address/authority.ts";
import { isPublicAddress } from "../../../lib/address/public-address.ts";
import { errorCode } from "../../../lib/error-code.ts";
import type { IceServer } from "../../../turn/ice/ice-servers.ts";
import type { Examination } from "../examination.ts";
import { fetchLocally } from "../fetch-from.ts";
import type { Finding } from "../finding.ts";

const check = "TURN";
const timeoutMs = 3_000;
const room = "yurt-doctor";
const user = "yurt doctor";
const tokenLifetimeMs = 60_000;

/** One URL that clients are given, with its credential. */
interface AdvertisedUrl {
  readonly url: string;
  readonly credential: { readonly username: string; readonly credential: string } | undefined;
  /** Whether it is one of this server's. */
  readonly isOwn: boolean;
}

/** Tests from this machine the STUN and TURN servers that clients are given. */
export async function checkTurn(examination: Examination): Promise<readonly Finding[]> {
  const { isRunning, values } = examination;
  const others = values["turn.advertise"].flatMap((server) => (server === "own" ? [] : [server.url]));
  const isOwnUsed = values["turn.enabled"] && values["turn.advertise"].includes("own");
  if (!isOwnUsed && others.length === 0) return [{ check, status: "ok", message: "Turned off." }];
  if (!isRunning) return isOwnUsed ? checkPort(values) : [];
  const found = await iceServersOf(values);
  const listed =
    (await servedList(examination)) ?? found.iceServers.listFor({ user, remoteAddress: "127.0.0.1" }).iceServers;
  const urls = urlsOf(listed, others);
  const trials = await Promise.all(urls.map((each) => tried(each, values)));
  return [
    ...(isOwnUsed && !urls.some(({ isOwn }) => isOwn) ? [notListening(values)] : []),
    ...found.problems.map((message): Finding => ({ check, status: "warn", message })),
    ...trials.map(findingOf),
    ...(await checkExternalAddress(trials, values)),
  ];
}

/** Tests whether a server that does not run could use its UDP port. */
async function checkPort(values: SettingValues): Promise<readonly Finding[]> {
  const given = values["turn.port"];
  const port = given ?? usualTurnPort;
  if (port === 0) return [];
  const [host = "127.0.0.1"] = turnHostsOf(values);
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ port, address: host, exclusive: true }, resolve);
    });
    return [{ check, status: "ok", message: `Port ${port} on ${host} is free for UDP.` }];
  } catch (error) {
    const consequence = given === undefined ? "the server would run without TURN" : "the server would not start";
    return [
      {
        check,
        status: given === undefined ? "warn" : "fail",
        message: `Port ${port} on ${host} cannot be used for UDP (${errorCode(error)}): ${consequence}.`,
        remedy: "Stop the program that uses it, choose another with --turn-port, or turn TURN off with --no-turn.",
      },
    ];
  } finally {
    socket.close();
  }
}

/** The list of the running server, which knows the ports that listen. Undefined if it refuses the request. */
async function servedList({ localUrl, values }: Examination): Promise<readonly IceServer[] | undefined> {
  if (localUrl === undefined) return undefined;
  try {
    const auth = authOptionsOf(values);
    const order = { rooms: new Map([[room, "read"] as const]), user, isAdmin: false, lifetimeMs: tokenLifetimeMs };
    const minted = auth.mode === "open" ? "too-long" : await mintBeside(values, order);
    const headers = minted === "too-long" ? {} : { headers: { authorization: `Bearer ${minted.token}` } };
    const response = await fetchLocally(`${localUrl}/ice?room=${room}`, headers);
    if (!response.ok) return undefined;
    const { iceServers } = (await response.json()) as { readonly iceServers: readonly IceServer[] };
    return iceServers;
  } catch {
    return undefined;
  }
}

function urlsOf(listed: readonly IceServer[], others: readonly string[]): readonly AdvertisedUrl[] {
  return listed.flatMap(({ credential, urls, username }) =>
    [urls].flat().map((url) => ({
      url,
      credential: username === undefined || credential === undefined ? undefined : { username, credential },
      isOwn: !others.includes(url),
    })),
  );
}

function notListening({ "turn.port": port }: SettingValues): Finding {
  return {
    check,
    status: "fail",
    message: "The server runs without TURN: clients are given no TURN URL of it.",
    remedy:
      `Port ${port ?? usualTurnPort} was in use when it started, or the server has other settings than this command. Stop the ` +
      "program that uses the port, or choose another with --turn-port. Then restart the server.",
  };
}

interface TriedUrl extends AdvertisedUrl {
  readonly trial: IceServerTrial;
  /** The trial at an address on which this server listens, if it did not answer at the URL. */
  readonly localTrial?: IceServerTrial;
}

async function tried(advertised: AdvertisedUrl, values: SettingValues): Promise<TriedUrl> {
  const { credential, isOwn, url } = advertised;
  const trial = await tryIceServer(url, { credential, timeoutMs });
  if (!isOwn || trial.outcome !== "silent") return { ...advertised, trial };
  const [host = "127.0.0.1"] = turnHostsOf(values);
  const local = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host;
  return { ...advertised, trial, localTrial: await tryIceServer(url, { credential, host: local, timeoutMs }) };
}

function findingOf({ url, isOwn, trial, localTrial }: TriedUrl): Finding {
  switch (trial.outcome) {
    case "works":
      return { check, status: "ok", message: `${url} ${describe(trial)}.` };
    case "refuses":
      return { check, status: "fail", message: `${url} answers ${trial.code}.`, remedy: remedyOf(trial.code, isOwn) };
    case "loses":
      return {
        check,
        status: "fail",
        message: `${url} makes allocations, but no data that is sent to ${trial.relayed} arrives.`,
        remedy: isOwn
          ? "Set --turn-external-address to the public address of this machine, and open the ports of --turn-relay-ports for UDP."
          : "Correct the external address of that server, and open its relay ports for UDP.",
      };
    case "silent":
      return findingOfSilence({ url, isOwn, reason: trial.reason, localTrial });
  }
}

interface SilentUrl {
  readonly url: string;
  readonly isOwn: boolean;
  readonly reason: string;
  readonly localTrial: IceServerTrial | undefined;
}

function findingOfSilence({ url, isOwn, reason, localTrial }: SilentUrl): Finding {
  const message = notReached(url, reason);
  if (isOwn && reason === unknownName)
    return { check, status: "fail", message, remedy: "Create a DNS record that points this name to the machine." };
  return localTrial !== undefined && localTrial.outcome !== "silent"
    ? { check, status: "warn", message, remedy: remedyOfWay }
    : { check, status: "fail", message, remedy: remedyOfSilence(url, isOwn) };
}

function describe({ mapped, relay }: Extract<IceServerTrial, { readonly outcome: "works" }>): string {
  if (relay === undefined) return `answers; it sees this machine as ${mapped}`;
  return `relays data there and back in ${relay.roundTripMs.toFixed(1)} ms, through ${relay.relayed}`;
}

function remedyOf(code: number, isOwn: boolean): string {
  switch (code) {
    case 401:
      return isOwn
        ? "The server refuses the credentials. Run this command with the data folder and --turn-secret of the server. If these have changed, restart the server."
        : "The server refuses the credentials. Give it the same --turn-secret, or set --turn-advertise-username and --turn-advertise-credential. Compare the clocks.";
    case 403:
      return isOwn
        ? "The server refuses its own relayed address as a peer. Remove that address from --turn-deny-peers."
        : "The server refuses its own relayed address as a peer. Allow it there (allowed-peer-ip of coturn).";
    case 486:
      return "The user has reached the quota. Raise --limits-turn-allocations-per-user, or look for clients that open too many connections.";
    case 508:
      return "All relay ports, or all allocations, are in use. Raise --limits-turn-allocations, or widen --turn-relay-ports and open the ports in the firewall.";
    default:
      return "Read the log of the server.";
  }
}

function notReached(url: string, reason: string): string {
  return `${url} cannot be used from this machine: ${reason.replace(/\.$/, "")}.`;
}

const remedyOfWay =
  "The server listens, so a firewall or a router blocks the port: open it, and forward it (yurt ports). A NAT without hairpinning " +
  "has the same effect: test from another network with the page /check.";

function remedyOfSilence(url: string, isOwn: boolean): string {
  if (!isOwn)
    return "Check that the server runs, that its DNS name is right and its firewall open, or remove it from --turn-advertise.";
  return url.startsWith("turns:")
    ? "Check that the server has a certificate for this name that clients accept, and that the port is open (yurt ports)."
    : "Check that the server runs with these settings (--turn-listen, --turn-external-address), and that the port is open (yurt ports).";
}

/** Compares the addresses that peers are given with those that other servers see. */
async function checkExternalAddress(
  trials: readonly TriedUrl[],
  { "turn.stun-server": server }: SettingValues,
): Promise<readonly Finding[]> {
  const given = trials.flatMap(({ isOwn, localTrial, trial }) => {
    const worked = [trial, localTrial].find((each) => each?.outcome === "works");
    return isOwn && worked?.outcome === "works" ? (worked.relay?.relayed ?? []) : [];
  });
  if (given.length === 0) return [];
  const asked = server && (await tryIceServer(`stun:${authorityOf(server.host, server.port)}`, { timeoutMs }));
  const others = trials.filter(({ isOwn }) => !isOwn).map(({ trial }) => trial);
  const seen = [asked, ...others].flatMap((trial) => (trial?.outcome === "works" ? trial.mapped : []));
  return externalAddressFindings([...new Set(given)], seen);
}

/** `given`: the addresses that peers are given. `seen`: the addresses of this machine as other servers see them. */
export function externalAddressFindings(given: readonly string[], seen: readonly string[]): readonly Finding[] {
  for (const address of given) {
    // A server in the same private network sees a private address, which says nothing about the internet.
    const isTelling = (other: string) =>
      isIP(other) === isIP(address) && (isPublicAddress(other) || !isPublicAddress(address));
    const telling = seen.filter(isTelling);
    if (telling.includes(address))
      return [
        {
          check,
          status: "ok",
          message: `Peers are given the address ${address}, at which other servers see this machine.`,
        },
      ];
    const [other] = telling;
    if (other === undefined) continue;
    return [
      {
        check,
        status: "fail",
        message: `Peers are given the address ${address}, but other servers see this machine as ${other}.`,
        remedy: `Set --turn-external-address to ${other}. If it was found automatically, reload the server.`,
      },
    ];
  }
  return [];
}
