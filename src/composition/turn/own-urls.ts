import { isIP } from "node:net";
import { authorityOf } from "../../lib/address/authority.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import type { RelayAddress } from "../../turn/network/udp-relay-network.ts";

/** Where TURN listens, and under which names clients reach it. */
export interface OwnTurnFacts {
  readonly port: number;
  /** Undefined while nothing listens for TLS. */
  readonly tls: { readonly port: number; readonly certificateNames: readonly string[] } | undefined;
  readonly listening: readonly string[];
  readonly relayAddresses: readonly RelayAddress[];
  readonly publicUrl: URL | undefined;
}

/** The URLs of this server (RFC 7064, RFC 7065). */
export interface OwnTurnUrls {
  readonly stun: string;
  /** One for each transport. A client makes an allocation on each. */
  readonly turn: readonly string[];
}

export function ownTurnUrls(facts: OwnTurnFacts): OwnTurnUrls {
  const { port, tls } = facts;
  const host = turnHost(facts);
  const at = authorityOf(host, port);
  const secured = tls && securedUrl(host, tls);
  return {
    stun: `stun:${at}`,
    turn: [`turn:${at}?transport=udp`, `turn:${at}?transport=tcp`, ...(secured === undefined ? [] : [secured])],
  };
}

/** The host of the public URL; without one, the address that peers are given. */
export function turnHost({ listening, publicUrl, relayAddresses }: Omit<OwnTurnFacts, "port" | "tls">): string {
  const [listened = "127.0.0.1"] = listening;
  const [external] = relayAddresses.map(({ advertised }) => advertised);
  const address = external ?? listened;
  if (publicUrl === undefined) return address;
  const { hostname } = publicUrl;
  // `localhost` may lead to an address that TURN does not listen on.
  return isLoopback(hostname) ? address : hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Clients verify the certificate, so the host of the URL is a name in the certificate. */
function securedUrl(host: string, { port, certificateNames }: NonNullable<OwnTurnFacts["tls"]>): string | undefined {
  const plain = certificateNames.filter((name) => !name.startsWith("*."));
  const behindLabel = host.replace(/^[^.]+/, "*");
  const isCovered = certificateNames.some((name) => name === host || name === behindLabel);
  const name = isCovered ? host : (plain.find((each) => isIP(each) === 0) ?? plain[0]);
  return name === undefined ? undefined : `turns:${authorityOf(name, port)}?transport=tcp`;
}
