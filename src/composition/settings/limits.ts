import { adminLimits } from "../../admin/limits.ts";
import { apiLimits } from "../../api/limits.ts";
import { authLimits } from "../../auth/limits.ts";
import { defaultsOf, type Limit, type LimitTable, type LimitValues } from "../../config/limit.ts";
import { contentLimits } from "../../documents/edits/limits.ts";
import { documentApiLimits } from "../../documents/limits.ts";
import { hocuspocusLimits } from "../../relay/hocuspocus/limits.ts";
import { relayLimits } from "../../relay/limits.ts";
import { accessRateLimits, roomLimits } from "../../rooms/limits.ts";
import { signalingLimits } from "../../signaling/limits.ts";
import { octateCodeLimits } from "../../signaling/octatecode/limits.ts";
import { peerJsLimits } from "../../signaling/peerjs/limits.ts";
import { peersLimits } from "../../signaling/peers/limits.ts";
import { yWebrtcLimits } from "../../signaling/y-webrtc/limits.ts";
import { transportLimits } from "../../transport/limits.ts";
import { iceLimits } from "../../turn/ice/limits.ts";
import { turnLimits } from "../../turn/limits.ts";
import { webhookLimits } from "../../webhooks/limits.ts";

/** The tables of the folders that enforce them, under the headings of the reference. */
export const limitGroups = [
  { title: "Connections", table: transportLimits },
  { title: "Names", table: roomLimits },
  { title: "Access control", table: authLimits },
  { title: "Requests for access", table: accessRateLimits },
  { title: "HTTP API", table: adminLimits },
  { title: "HTTP API of documents", table: { ...apiLimits, ...documentApiLimits, ...contentLimits } },
  { title: "Documents", table: relayLimits },
  { title: "Change webhooks", table: webhookLimits },
  { title: "Hocuspocus (/collab)", table: hocuspocusLimits },
  { title: "Signaling", table: signalingLimits },
  { title: "y-webrtc", table: yWebrtcLimits },
  { title: "OctateCode", table: octateCodeLimits },
  { title: "PeerJS", table: peerJsLimits },
  { title: "Peers", table: peersLimits },
  { title: "STUN and TURN", table: turnLimits },
  { title: "ICE servers (/ice)", table: iceLimits },
] as const satisfies readonly { readonly title: string; readonly table: LimitTable }[];

/** The keys of each table in a union; `keyof` of the union has only those that all tables share. */
type NamesIn<Tables> = Tables extends LimitTable ? keyof Tables : never;

export type LimitName = NamesIn<(typeof limitGroups)[number]["table"]>;

/** Every bound of the server. */
export const limitTable = Object.fromEntries(
  limitGroups.flatMap(({ table }) => Object.entries<Limit>(table)),
  // Object.fromEntries forgets the names.
) as Readonly<Record<LimitName, Limit>>;

export type Limits = LimitValues<typeof limitTable>;

/** Frozen: a server that reloads its configuration changes its own limits in place. */
export const defaultLimits: Limits = Object.freeze(defaultsOf(limitTable));

/** The bounds that a running server may take over. */
export function reloadableLimits(limits: Limits): Partial<Limits> {
  const entries = Object.entries(limits).filter(([name]) => limitTable[name as LimitName].needsRestart !== true);
  // Object.fromEntries forgets the names.
  return Object.fromEntries(entries) as Partial<Limits>;
}
