import { Hono } from "hono";
import { pino } from "pino";
import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { defaultLimits, type Limits } from "../../../src/composition/limits.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { ByteBudget } from "../../../src/lib/byte-budget.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { RoomRegistry } from "../../../src/rooms/room-registry.ts";
import { cliffy } from "../../../src/signaling/cliffy/dialect.ts";
import { jsonDialects } from "../../../src/signaling/dialects.ts";
import { octateCode } from "../../../src/signaling/octatecode/dialect.ts";
import { octateCodePeers } from "../../../src/signaling/octatecode/peers-dialect.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import type { Peer } from "../../../src/signaling/peer-session.ts";
import { PeerJsNamespace } from "../../../src/signaling/peerjs/namespace.ts";
import { peerjs } from "../../../src/signaling/peerjs/protocol.ts";
import { Devices } from "../../../src/signaling/peers/devices.ts";
import { peers } from "../../../src/signaling/peers/protocol.ts";
import { Quotas } from "../../../src/signaling/quotas.ts";
import { SignalingRoom } from "../../../src/signaling/signaling-room.ts";
import { yWebrtc } from "../../../src/signaling/y-webrtc/dialect.ts";
import { Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { originPolicyOf } from "../../../src/transport/admission/origin-policy.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { EngineIo } from "../../../src/transport/engine-io/engine-io.ts";
import { Listener } from "../../../src/transport/listener.ts";
import { NativeChannels } from "../../../src/transport/native-channel.ts";
import { administration } from "../clients/http-callers.ts";

export interface SignalingServerOptions {
  readonly authorizer: Authorizer;
  readonly limits?: Partial<Limits>;
}

export interface SignalingServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
}

/** All signaling protocols over a real port, with an authorizer of the test that decides for every one of them. */
export function startSignalingServer({ authorizer, limits: changed = {} }: SignalingServerOptions): SignalingServer {
  const limits = { ...defaultLimits, ...changed };
  const common = { limits, clock: systemClock, log: pino({ level: "silent" }), metrics: createMetrics() };
  const channels = new NativeChannels(limits);
  const { open: openChannel } = channels;
  const { signalingRoomMembers: memberLimit, peerIdsPerSubscriber } = limits;
  const registries: Pick<RoomRegistry<unknown>, "drain">[] = [];
  const registry = <Room>(open: () => Room): RoomRegistry<Room> => {
    const opened = new RoomRegistry<Room>({ ...common, open, close: () => {}, closeFailed: () => {}, lingerMs: 0 });
    registries.push(opened);
    return opened;
  };
  const quotas = new Quotas(common);
  const all = { ...common, authorizer, administration, quotas };
  const octateRooms = new OctateRooms({ ...common, openChannel });
  const usage = () => ({ uptimeMs: 0, memory: {}, cpu: {} });
  const dialects = [
    octateCode({ ...all, rooms: octateRooms, tokens: undefined, usage }),
    octateCodePeers({ ...all, rooms: registry(() => new SignalingRoom<Peer>(openChannel, memberLimit)) }),
    cliffy({ ...all, rooms: registry(() => new SignalingRoom<Peer>(openChannel, memberLimit)) }),
    yWebrtc({
      ...all,
      rooms: registry(() => new Topic({ ...common, openChannel, memberLimit, peerIdsPerSubscriber })),
    }),
  ];
  const mailBudget = new ByteBudget(limits.mailboxesBytes);
  const namespace = new PeerJsNamespace({ ...common, mailBudget });
  const devices = new Devices({ ...common, mailBudget });
  const protocols = [
    peerjs({ ...all, key: "peerjs", discoveryEnabled: false, namespace }),
    jsonDialects({ ...all, dialects }),
  ];
  const http = new Hono();
  for (const { routes } of protocols) if (routes !== undefined) http.route("/", routes);
  const engine = new EngineIo({
    ...common,
    originPolicy: originPolicyOf("127.0.0.1", []),
    protocol: peers({ ...all, devices, iceServers: () => [] }),
  });
  const nobody = { origins: new Set<string>(), proxies: new AddressRanges([]) };
  const listener = new Listener({
    ...common,
    ...nobody,
    host: "127.0.0.1",
    port: 0,
    protocols,
    engines: [engine],
    fetch: http.fetch,
    channels,
  });
  return {
    url: `http://127.0.0.1:${listener.port}`,
    wsUrl: `ws://127.0.0.1:${listener.port}`,
    port: listener.port,
    async [Symbol.asyncDispose]() {
      await Promise.all([listener.close(closeReasons.restart), engine.close(closeReasons.restart)]);
      namespace.close();
      devices.close();
      octateRooms.close();
      await Promise.all(registries.map((opened) => opened.drain()));
    },
  };
}
