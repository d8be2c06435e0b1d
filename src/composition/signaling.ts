import type { Administration } from "../auth/administration.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { openAuthorizer } from "../auth/open-authorizer.ts";
import { ByteBudget } from "../lib/byte-budget.ts";
import { systemClock } from "../lib/time/clock.ts";
import { RoomRegistry } from "../rooms/room-registry.ts";
import { cliffy } from "../signaling/cliffy/dialect.ts";
import { jsonDialects } from "../signaling/dialects.ts";
import { octateCode } from "../signaling/octatecode/dialect.ts";
import { octateCodePeers } from "../signaling/octatecode/peers-dialect.ts";
import { OctateRooms } from "../signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../signaling/octatecode/signed-room-tokens.ts";
import type { Peer } from "../signaling/peer-session.ts";
import { PeerJsNamespace } from "../signaling/peerjs/namespace.ts";
import { peerjs } from "../signaling/peerjs/protocol.ts";
import { Devices } from "../signaling/peers/devices.ts";
import { peers } from "../signaling/peers/protocol.ts";
import { SignalingRoom } from "../signaling/signaling-room.ts";
import { yWebrtc } from "../signaling/y-webrtc/dialect.ts";
import { Topic } from "../signaling/y-webrtc/topic.ts";
import { EngineIo } from "../transport/engine-io/engine-io.ts";
import type { Protocol } from "../transport/protocol.ts";
import type { ServerOptions, Shared } from "./server-options.ts";

const signalingLingerMs = 1_000;

interface SignalingOptions extends Shared {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
}

/** The part of a server that introduces clients to each other. */
export function openSignaling({ administration, authorizer, limits, log, channels, quotas }: SignalingOptions): {
  readonly protocol: Protocol;
  close(): Promise<void>;
} {
  // A registry of its own for each dialect: equal room names of two dialects never meet.
  const registries: Pick<RoomRegistry<unknown>, "drain">[] = [];
  const registry = <Room>(open: () => Room): RoomRegistry<Room> => {
    const opened = new RoomRegistry<Room>({
      open,
      close: () => {},
      closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
      lingerMs: signalingLingerMs,
      clock: systemClock,
    });
    registries.push(opened);
    return opened;
  };
  const all = { authorizer, administration, limits, log, clock: systemClock };
  const { signalingRoomMembers: memberLimit, peerIdsPerSubscriber } = limits;
  const { open: openChannel } = channels;
  const openTopic = () => new Topic({ openChannel, memberLimit, peerIdsPerSubscriber, clock: systemClock });
  const octateRooms = new OctateRooms({ openChannel, limits, clock: systemClock });
  // Whoever may enter every room may have a token for every room; elsewhere there are tokens of others.
  const tokens = authorizer === openAuthorizer ? new SignedRoomTokens(systemClock, limits.roomTokenMs) : undefined;
  const dialects = [
    octateCode({ ...all, rooms: octateRooms, tokens, usage: processUsage }),
    octateCodePeers({ ...all, rooms: registry(() => new SignalingRoom<Peer>(openChannel, memberLimit)) }),
    cliffy({ ...all, rooms: registry(() => new SignalingRoom<Peer>(openChannel, memberLimit)) }),
    // At last: it has no first message of its own.
    yWebrtc({ ...all, rooms: registry(openTopic) }),
  ];
  return {
    protocol: jsonDialects({ dialects, authorizer, limits, quotas }),
    close: async () => {
      octateRooms.close();
      await Promise.all(registries.map((opened) => opened.drain()));
    },
  };
}

/** As OctateCode's clients show it: megabytes, and microseconds. */
function processUsage() {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  const memory = {
    heapUsed: megabytes(heapUsed),
    heapTotal: megabytes(heapTotal),
    heapPercent: Math.round((100 * heapUsed) / heapTotal),
    external: megabytes(external),
  };
  return { uptimeMs: Math.round(process.uptime() * 1_000), memory, cpu: { user, system, total: user + system } };
}

/** Signaling for clients that name their receiver, who may still have to come: what they say waits in a mailbox. */
export function openDirectSignaling(
  { peerjs: { key, discoveryEnabled } }: ServerOptions,
  { administration, originPolicy, authorizer, limits, log, metrics, quotas }: SignalingOptions,
): { readonly protocols: readonly Protocol[]; readonly engine: EngineIo; close(): void } {
  const mailBudget = new ByteBudget(limits.mailboxesBytes);
  metrics.queuedMessageBytes.readFrom(() => mailBudget.usedBytes);
  const clock = systemClock;
  const namespace = new PeerJsNamespace({ mailBudget, clock, limits, metrics });
  const devices = new Devices({ mailBudget, clock, limits, metrics });
  const all = { authorizer, administration, quotas, limits, clock };
  const protocol = peers({ ...all, devices, iceServers: () => [] });
  return {
    protocols: [peerjs({ ...all, key, discoveryEnabled, namespace })],
    engine: new EngineIo({ protocol, originPolicy, limits, clock, log, metrics }),
    close: () => {
      namespace.close();
      devices.close();
    },
  };
}
