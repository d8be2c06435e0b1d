import { hocuspocusRedis } from "../cluster/hocuspocus-redis.ts";
import { yurtCluster } from "../cluster/yurt-cluster.ts";
import { bare } from "./bare.ts";
import { coturn } from "./coturn.ts";
import { hocuspocus } from "./hocuspocus.ts";
import type { ServerKind } from "./server.ts";
import { yWebrtcServer } from "./y-webrtc-server.ts";
import { yWebsocketServer } from "./y-websocket-server.ts";
import { yurt, yurtCollab } from "./yurt.ts";

/** Yurt comes first, then the servers that it is compared with. */
export const servers: readonly ServerKind[] = [
  yurt,
  yurtCollab,
  yurtCluster,
  yWebsocketServer,
  hocuspocus,
  hocuspocusRedis,
  yWebrtcServer,
  coturn,
  bare,
];
