import { formatIpAddress, type IpAddress } from "../../lib/address/ip-address.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { LimitedLog, type LineRate } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";
import type { PeerVerdict } from "../policy/peer-policy.ts";

/** Browsers always name the private addresses of their peers, so one line per minute is enough. */
const oncePerMinute: LineRate = { burst: 1, perSecond: 1 / 60 };
const remedy =
  "If clients of a private network are to connect through this server, allow the network with turn.allow-peers.";

/** Logs the peers that are refused, with the setting that permits them. */
export class RefusedPeerLog {
  readonly #log: LimitedLog;

  constructor(log: Log, clock: Clock) {
    this.#log = new LimitedLog(log, clock, oncePerMinute);
  }

  refused(ip: IpAddress, reason: PeerVerdict | "port"): void {
    const line = { event: "turn-peer-refused", reason, peer: formatIpAddress(ip) };
    this.#log.info(reason === "private" ? { ...line, remedy } : line);
  }
}
