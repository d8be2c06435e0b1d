import type { Bus } from "../../cluster/bus.ts";
import { AddressCounts } from "../../lib/address/address-counts.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { TokenBucket } from "../../lib/token-bucket.ts";
import { AccessRates } from "../../rooms/access-rates.ts";
import type { Protocol } from "../../transport/protocol.ts";
import type { SyncRoom } from "../sync-room.ts";
import type { AttachmentOptions } from "./attachment.ts";
import { type HocuspocusEncoding, hocuspocusEncoding } from "./encoding.ts";
import { HocuspocusSession } from "./session.ts";
import { characterBucket } from "./stateless-messages.ts";
import { StatelessNodes } from "./stateless-nodes.ts";

export interface HocuspocusOptions
  extends Omit<AttachmentOptions, "plainEncoding" | "statelessRate" | "statelessNodes"> {
  /** Undefined for a server that is alone. */
  readonly bus?: Bus | undefined;
  readonly addresses: CountedAddresses;
}

const path = "/collab";

/** Opens the Hocuspocus protocol on `/collab`, where one connection carries any number of documents. */
export function hocuspocus(options: HocuspocusOptions): Protocol {
  const encodings = new WeakMap<SyncRoom, HocuspocusEncoding>();
  const plainEncoding = (room: SyncRoom) => {
    const known = encodings.get(room) ?? hocuspocusEncoding(room.name);
    encodings.set(room, known);
    return known;
  };
  const { addresses, bus, clock, limits, limitedLog } = options;
  const rates = new WeakMap<SyncRoom, TokenBucket>();
  const statelessRate = (room: SyncRoom) => {
    const known = rates.get(room) ?? characterBucket(limits.statelessDocumentCharactersPerSecond, limits, clock);
    rates.set(room, known);
    return known;
  };
  const failed = (error: unknown) => limitedLog.error({ event: "stateless-failed", err: error });
  const sessionOptions = {
    ...options,
    plainEncoding,
    statelessRate,
    statelessNodes: bus && new StatelessNodes({ ...options, bus, statelessRate, failed }),
    rates: new AccessRates(options),
    documents: new AddressCounts({
      addresses,
      get limit() {
        return limits.documentsPerAddress;
      },
    }),
  };
  return {
    name: "hocuspocus",
    endpoint: { label: "Hocuspocus", scheme: "ws", path },
    frameBytes: options.limits.relayFrameBytes,
    frameBytesOption: "limits.relay-frame-bytes",
    admitsClients: true,
    // The documents are named in messages; applications add paths of their own, as upstream's server ignores the path.
    match: ({ pathname }) => pathname === path || pathname.startsWith(`${path}/`),
    open: (connection, handshake) => new HocuspocusSession(connection, handshake, sessionOptions),
  };
}
