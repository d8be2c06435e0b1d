import { calmCluster, cluster } from "../cluster/cluster.ts";
import { clusterNodes } from "../cluster/nodes/cluster-nodes.ts";
import { checkpoints } from "./checkpoints.ts";
import { content } from "./content.ts";
import { cursors } from "./cursors.ts";
import { dashboard } from "./dashboard.ts";
import { oneOutstanding, oneRoom, signaling, signalingOneOutstanding, twentyRooms } from "./fan-out.ts";
import { firstSync } from "./first-sync.ts";
import { keystrokes } from "./keystrokes.ts";
import { largeSync } from "./large-sync.ts";
import { manyRooms } from "./many-rooms.ts";
import { pacedRoom, pacedRooms } from "./paced.ts";
import type { Scenario } from "./scenario.ts";
import { signalingIdle, signalingReconnect } from "./signaling.ts";
import { turn } from "./turn.ts";
import { turnBesideRelay } from "./turn-beside-relay.ts";

export const scenarios: readonly Scenario[] = [
  oneRoom,
  twentyRooms,
  oneOutstanding,
  pacedRoom,
  pacedRooms,
  firstSync,
  largeSync,
  manyRooms,
  cursors,
  keystrokes,
  checkpoints,
  content,
  dashboard,
  signaling,
  signalingOneOutstanding,
  signalingIdle,
  signalingReconnect,
  turn,
  turnBesideRelay,
  calmCluster,
  cluster,
  clusterNodes,
];
