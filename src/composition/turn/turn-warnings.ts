import { isLoopback } from "../../lib/address/loopback.ts";
import { isPublicAddress } from "../../lib/address/public-address.ts";
import type { TurnSettings } from "../server-options.ts";
import type { FoundRelayAddresses } from "./relay-addresses.ts";

/** The fields of a log line that warns the administrator about TURN. */
export interface TurnWarning {
  readonly event: string;
  readonly remedy: string;
  readonly [field: string]: unknown;
}

/** TURN cannot listen on the usual port, so the server runs without it. `code` is the system's error code. */
export function notListening(
  { port, listen }: { readonly port: number; readonly listen: readonly string[] },
  code: string | undefined,
): TurnWarning {
  if (code === "EADDRINUSE") {
    const remedy =
      "The server runs without TURN. Stop the program that uses the port, choose another with --turn-port, or switch " +
      "TURN off with --no-turn.";
    return { event: "turn-port-in-use", port, remedy };
  }
  const remedy =
    "The server runs without TURN. Name addresses of this machine with --turn-listen, or switch TURN off with --no-turn.";
  return { event: "turn-not-listening", port, listen, code, remedy };
}

/** TURN cannot listen on the usual port for TLS, so it is served over UDP and TCP only. */
export function tlsPortInUse(port: number): TurnWarning {
  const remedy =
    "TURN is not served over TLS. Stop the program that uses the port, or choose another with --turn-tls-port.";
  return { event: "turn-tls-port-in-use", port, remedy };
}

export interface AdvertisedFacts {
  readonly settings: Pick<TurnSettings, "stunServer">;
  readonly found: FoundRelayAddresses;
  readonly listening: readonly string[];
  readonly publicUrl: URL | undefined;
}

/** Warns of addresses that clients are given but cannot reach, as far as the server can know. */
export function addressWarnings({ found, listening, publicUrl, settings }: AdvertisedFacts): readonly TurnWarning[] {
  const { stunServer } = settings;
  const silent =
    found.isStunServerSilent && stunServer !== undefined ? [silentServer(`${stunServer.host}:${stunServer.port}`)] : [];
  const isPublic = publicUrl !== undefined && !isLoopback(publicUrl.hostname);
  return isPublic ? [...silent, ...unreachable(publicUrl.hostname, listening, found)] : silent;
}

function silentServer(server: string): TurnWarning {
  const remedy = "Set --turn-stun-server to a server that answers, or set --turn-external-address.";
  return { event: "turn-stun-server-silent", server, remedy };
}

/** A server for the internet whose TURN has only addresses that the internet cannot reach. */
function unreachable(
  host: string,
  listening: readonly string[],
  { addresses }: FoundRelayAddresses,
): readonly TurnWarning[] {
  if (listening.every(isLoopback)) {
    const remedy = "Clients of this URL cannot reach TURN on loopback. Set --turn-listen to other addresses.";
    return [{ event: "turn-not-reachable", host, listening, remedy }];
  }
  const external = addresses.map(({ advertised }) => advertised);
  if (external.some(isPublicAddress)) return [];
  const remedy =
    `Peers on the internet cannot reach ${external.join(" and ")}. Set --turn-external-address to the public address of ` +
    "this machine, or name a STUN server that tells it with --turn-stun-server.";
  return [{ event: "turn-address-private", host, addresses: external, remedy }];
}
