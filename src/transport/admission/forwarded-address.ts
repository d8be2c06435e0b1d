import { isIP } from "node:net";
import type { AddressRanges } from "../../lib/address/address-ranges.ts";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { LimitedLog, type LineRate } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";

export interface ForwardedAddressesOptions {
  /** The reverse proxies whose `X-Forwarded-For` is accepted. */
  readonly proxies: AddressRanges;
  readonly addresses: CountedAddresses;
  readonly clock: Clock;
  readonly log: Log;
}

/** Any client can send the header: one warning in ten minutes tells of a missing setting. */
const warningRate: LineRate = { burst: 1, perSecond: 1 / 600 };

/**
 * Finds the address of a request's client. When a proxy seems to be missing from `proxy.trusted`, its header is not
 * believed; the limits per address are lifted for it if its address is private, and a warning names the remedy.
 */
export class ForwardedAddresses {
  readonly #options: ForwardedAddressesOptions;
  readonly #log: LimitedLog;
  #proxies: AddressRanges;

  constructor(options: ForwardedAddressesOptions) {
    this.#options = options;
    this.#proxies = options.proxies;
    this.#log = new LimitedLog(options.log, options.clock, warningRate);
  }

  /** Replaces the list of trusted proxies. */
  trust(proxies: AddressRanges): void {
    this.#proxies = proxies;
  }

  /** `peerAddress` is the other end of the socket. */
  of(peerAddress: string, headers: Headers): string {
    const peer = plain(peerAddress);
    const forwardedFor = headers.get("x-forwarded-for");
    if (forwardedFor === null) return peer;
    const proxies = this.#proxies;
    if (!proxies.has(peer)) {
      this.#warn(peer);
      return peer;
    }
    return clientAddress(peer, forwardedFor, proxies);
  }

  /** Behind a proxy that is not trusted all clients have one address, that of the proxy. */
  #warn(peer: string): void {
    // A reason for each case: a client that pretends to be a proxy must not hide the warning about a real one.
    const reason = this.#options.addresses.lift(peer) ? "limits-lifted" : "limits-kept";
    const remedy = `If this is your reverse proxy, start Yurt with --proxy-trusted ${peer}.`;
    this.#log.warn({ event: "forwarded-for-ignored", reason, peer, remedy });
  }
}

/**
 * The address of the client whose request a trusted proxy has forwarded.
 *
 * Each proxy adds the address that it was asked from at the end of `X-Forwarded-For`; what a client writes there itself
 * stands before that. So the last address that is no proxy of ours is the one to believe. Where there is none, because
 * the list ends before or goes on with what is no address, it is the proxy that is furthest from us.
 */
function clientAddress(peer: string, forwardedFor: string, proxies: AddressRanges): string {
  const hops = forwardedFor.split(",").map((hop) => plain(hop.trim()));
  let furthest = peer;
  // RFC 9110 §5.6.1: empty elements of a list do not count.
  for (const hop of hops.filter((each) => each !== "").reverse()) {
    if (isIP(hop) === 0) return furthest;
    if (!proxies.has(hop)) return hop;
    furthest = hop;
  }
  return furthest;
}

/** The address in its one spelling; some proxies add a port, or brackets. A text that is no address stays as it is. */
function plain(address: string): string {
  const known = canonicalAddress(address);
  if (known !== undefined) return known;
  const bare = address.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1");
  return canonicalAddress(bare) ?? bare;
}
