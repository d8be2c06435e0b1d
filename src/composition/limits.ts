import { adminLimits } from "../admin/limits.ts";
import { authLimits } from "../auth/limits.ts";
import { defaultsOf, type LimitTable, type LimitValues } from "../config/limit.ts";
import { hocuspocusLimits } from "../relay/hocuspocus/limits.ts";
import { relayLimits } from "../relay/limits.ts";
import { roomLimits } from "../rooms/limits.ts";
import { signalingLimits } from "../signaling/limits.ts";
import { octateCodeLimits } from "../signaling/octatecode/limits.ts";
import { peerJsLimits } from "../signaling/peerjs/limits.ts";
import { peersLimits } from "../signaling/peers/limits.ts";
import { yWebrtcLimits } from "../signaling/y-webrtc/limits.ts";
import { transportLimits } from "../transport/limits.ts";

/** Every bound of the server. The folders that enforce them declare them. */
export const limitTable = {
  ...transportLimits,
  ...roomLimits,
  ...authLimits,
  ...adminLimits,
  ...relayLimits,
  ...hocuspocusLimits,
  ...signalingLimits,
  ...yWebrtcLimits,
  ...octateCodeLimits,
  ...peerJsLimits,
  ...peersLimits,
};

/** The tables under the headings of the reference. */
export const limitGroups: readonly { readonly title: string; readonly table: LimitTable }[] = [
  { title: "Connections", table: transportLimits },
  { title: "Names", table: roomLimits },
  { title: "Access control", table: authLimits },
  { title: "HTTP API", table: adminLimits },
  { title: "Documents", table: relayLimits },
  { title: "Hocuspocus (/collab)", table: hocuspocusLimits },
  { title: "Signaling", table: signalingLimits },
  { title: "y-webrtc", table: yWebrtcLimits },
  { title: "OctateCode", table: octateCodeLimits },
  { title: "PeerJS", table: peerJsLimits },
  { title: "Peers", table: peersLimits },
];

export type Limits = LimitValues<typeof limitTable>;

export const defaultLimits: Limits = defaultsOf(limitTable);
