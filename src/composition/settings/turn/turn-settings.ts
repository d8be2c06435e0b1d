import type { Values } from "../../../config/option.ts";
import { isLoopback } from "../../../lib/address/loopback.ts";
import type { TurnSettings } from "../../server-options.ts";
import type { options } from "../options.ts";

/** The ports of RFC 8656 §4.1. */
export const usualTurnPort = 3478;
export const usualTurnTlsPort = 5349;

type AllValues = Values<typeof options>;

/** All addresses of this machine. */
const anyAddress = "::";

/** STUN and TURN of a server with these settings. */
export function turnSettingsOf(values: AllValues): TurnSettings {
  const { "turn.advertise-username": username, "turn.advertise-credential": credential } = values;
  return {
    isEnabled: values["turn.enabled"],
    port: values["turn.port"],
    tlsPort: values["turn.tls-port"],
    listen: turnHostsOf(values),
    externalAddresses: values["turn.external-address"],
    stunServer: values["turn.stun-server"],
    relayPorts: values["turn.relay-ports"],
    allowPeers: values["turn.allow-peers"],
    denyPeers: values["turn.deny-peers"],
    secrets: values["turn.secret"] ?? [],
    realm: values["turn.realm"],
    ttlMs: values["turn.ttl"],
    strictChannels: values["turn.strict-channels"],
    advertised: values["turn.advertise"],
    advertisedCredential: username === undefined || credential === undefined ? undefined : { username, credential },
  };
}

/**
 * The addresses on which TURN listens. HTTP proxies do not forward UDP, so clients reach TURN directly: behind a proxy
 * it listens on all addresses even if the server does not.
 */
export function turnHostsOf(values: Pick<AllValues, "host" | "public-url" | "turn.listen">): readonly string[] {
  const { host, "public-url": publicUrl, "turn.listen": listen } = values;
  if (listen.length > 0) return listen;
  const isBehindProxy = isLoopback(host) && publicUrl !== undefined && !isLoopback(publicUrl.hostname);
  return [isBehindProxy ? anyAddress : host];
}
