import type { Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { closeReasonOf, isTemporary, sessionErrorOf } from "../../rooms/denial.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkName } from "../../rooms/room-name.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { Handshake, ProtocolSession } from "../../transport/protocol.ts";
import type { IceServers } from "../../turn/ice/ice-servers.ts";
import type { IdGrant } from "../cluster/id-claim.ts";
import { takeOverId } from "../id-takeover.ts";
import { BoundExceeded, malformed } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { Deliverer, Quota, Quotas, SignalingBound } from "../quotas.ts";
import { peersRoomName } from "../room-names.ts";
import {
  acknowledgementOf,
  type ClientMessage,
  decodeMessage,
  decodePacket,
  type EventPacket,
  encodeAcknowledgement,
  encodeConnectError,
  encodeConnected,
  encodeEvent,
  mainNamespace,
  type Packet,
  type Registration,
  type Signal,
} from "./codec.ts";
import { type Device, type Devices, idInUse } from "./devices.ts";

/** The parts that all Peers sessions of a server share. */
export interface PeersOptions {
  readonly devices: Devices;
  readonly iceServers: IceServers;
  readonly authorizer: Authorizer;
  readonly quotas: Quotas;
  readonly limits: SignalingLimits & RoomLimits;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "ignoredMessages">;
}

/** Answers an event, if the client waits for an answer. */
type Acknowledge = (...args: readonly unknown[]) => void;

/** A signal, and the answer to its sender. */
interface AnswerableSignal {
  readonly signal: Signal;
  readonly acknowledge: Acknowledge;
}

/** A registration whose id the device may have. */
interface GrantedRegistration {
  readonly device: Device;
  readonly holder: Device | undefined;
  readonly grant: IdGrant | undefined;
  readonly acknowledge: Acknowledge;
}

/** One client over Socket.IO: it registers no device at first, and later one at a time. */
export class PeersSession implements ProtocolSession, Deliverer<AnswerableSignal> {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #quota: Quota;
  readonly #options: PeersOptions;
  /** Defined while the client is connected to the namespace. */
  #grant: Grant | undefined;
  #device: Device | undefined;

  constructor(connection: Connection, handshake: Handshake, options: PeersOptions) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#quota = options.quotas.open(connection, handshake);
    this.#options = options;
  }

  receive(frame: Frame): void | Promise<void> {
    this.#quota.frameReceived();
    let packet: Packet;
    try {
      packet = decodePacket(frame, this.#options.limits.jsonDepth);
    } catch (error) {
      if (error instanceof BoundExceeded) return this.#refuse(frame, error, error.bound);
      throw error;
    }
    switch (packet.type) {
      case "connect":
        return this.#connect(packet);
      case "disconnect":
        return this.#disconnect(packet.namespace);
      case "event":
        return this.#handle(packet);
      case "unknown":
        return this.#ignored();
    }
  }

  oversized(frame: Frame, detail: string): Promise<void> {
    this.#quota.frameReceived();
    return this.#refuse(frame, new SessionError(closeReasons.frameTooLarge, detail), "frame-bytes");
  }

  closed(): void {
    this.#leave();
    this.#release();
    this.#quota.closed();
  }

  /** Refuses one message: in its acknowledgement, if the client waits for one. Before the connect it ends the session. */
  async #refuse(frame: Frame, error: SessionError, bound: SignalingBound): Promise<void> {
    this.#quota.met(bound, error.message);
    if (this.#grant === undefined) throw error;
    if (!(await this.#quota.spend(1))) return;
    const id = acknowledgementOf(frame);
    this.#connection.send(
      id === undefined ? encodeEvent("error", error.message) : encodeAcknowledgement(id, [error.message]),
    );
  }

  async #connect({ namespace, token }: Extract<Packet, { type: "connect" }>): Promise<void> {
    if (namespace !== mainNamespace) {
      this.#connection.send(encodeConnectError(namespace, "Invalid namespace"));
      return;
    }
    if (this.#grant !== undefined) throw malformed("already connected");
    const turn = this.#quota.requestAccess();
    if (turn !== true && !(await turn)) return;
    const requester = { connection: this.#connection, handshake: this.#handshake, token };
    const decision = await this.#options.authorizer.authorize(accessRequest("signaling", peersRoomName, requester));
    if (!decision.granted) return this.#deny(decision);
    this.#grant = decision;
    this.#connection.send(encodeConnected(crypto.randomUUID()));
    decision.watch({ ended: (denial) => this.#ended(denial) });
  }

  /** Closes the connection where a retry may help, since the client reconnects then; after a connect error it does not. */
  #deny(denial: Denial): void {
    const { kind, code, reason } = denial;
    if (isTemporary(denial)) throw sessionErrorOf(denial);
    this.#connection.send(encodeConnectError(mainNamespace, reason, { kind, code }));
  }

  #ended(denial: Denial): void {
    this.#leave();
    this.#release();
    // A disconnect packet has no field for a reason.
    this.#connection.send(encodeEvent("error", denial.reason));
    this.#connection.refuse(closeReasonOf(denial), denial.reason);
  }

  #release(): void {
    this.#grant?.release();
    this.#grant = undefined;
  }

  #disconnect(namespace: string): void {
    if (namespace !== mainNamespace) return;
    this.#leave();
    this.#release();
  }

  #ignored(): void {
    this.#options.metrics.ignoredMessages.inc({ protocol: "peers" });
  }

  #handle(packet: EventPacket): void | Promise<void> {
    if (packet.namespace !== mainNamespace || this.#grant === undefined) throw malformed("event before connect");
    const { acknowledgement: id } = packet;
    const acknowledge: Acknowledge = (...args) => {
      if (id !== undefined) this.#connection.send(encodeAcknowledgement(id, args));
    };
    return this.#answer(decodeMessage(packet), acknowledge);
  }

  #answer(message: ClientMessage, acknowledge: Acknowledge): void | Promise<void> {
    switch (message.type) {
      case "register":
        return this.#register(message, acknowledge);
      case "signal":
        return this.#signal(message, acknowledge);
      case "get-ice-servers":
        return this.#sendIceServers(acknowledge);
      case "invalid":
        return acknowledge(message.problem);
      case "unknown":
        return this.#ignored();
    }
  }

  async #register({ deviceId: id, groups: named }: Registration, acknowledge: Acknowledge): Promise<void> {
    const groups = [...new Set(named)];
    const problem = this.#nameProblem([id, ...groups]);
    if (problem !== undefined) return acknowledge(problem);
    const { clock, devices, limits } = this.#options;
    // The client pays for two messages to every known device: that it is online, and that it is offline.
    if (!(await this.#quota.spend(2 * devices.audienceOf({ id, groups })))) return;
    const isGranted = await takeOverId({
      holder: () => devices.find(id),
      isOwn: (holder) => holder.connection === this.#connection,
      clock,
      withinMs: limits.livenessProbeMs,
      claim: devices.claim(id),
      granted: (holder, grant) => {
        const device = { id, groups, connection: this.#connection };
        if (this.#connection.isOpen && this.#grant !== undefined)
          this.#joinDevices({ device, holder, grant, acknowledge });
      },
    });
    if (!isGranted) acknowledge(idInUse);
  }

  #nameProblem(names: readonly string[]): string | undefined {
    const { nameBytes, topicsPerConnection } = this.#options.limits;
    if (names.length - 1 > topicsPerConnection) {
      this.#quota.met("topics-per-connection");
      return `More than ${topicsPerConnection} groups`;
    }
    const fault = names.map((name) => checkName(name, nameBytes)).find((found) => found !== undefined);
    if (fault === undefined) return undefined;
    this.#quota.met("name");
    return `Invalid device id or group: ${fault}`;
  }

  /** Registers in one synchronous step: a device id that is taken over has not been offline in between. */
  #joinDevices({ device, holder, grant, acknowledge }: GrantedRegistration): void {
    const { devices } = this.#options;
    if (this.#device !== undefined && this.#device !== holder) this.#leave();
    const further = device.groups.length - (this.#device?.groups.length ?? 0);
    if (further > 0 && !this.#quota.mayEnter(further)) {
      this.#quota.met("topics-per-address");
      acknowledge("Too many groups");
      return;
    }
    if (devices.join(device, grant) === "full") {
      this.#quota.met("room-members");
      acknowledge("Too many devices");
      return;
    }
    if (this.#device === undefined) this.#quota.joinedRoom();
    this.#quota.left(this.#device?.groups.length ?? 0);
    this.#quota.entered(device.groups.length);
    this.#device = device;
    if (holder !== undefined && holder.connection !== device.connection) holder.connection.close(closeReasons.replaced);
    this.#connection.cork(() => {
      acknowledge(null, "success");
      for (const frame of devices.collect(device)) this.#connection.send(frame);
    });
  }

  #leave(): void {
    if (this.#device === undefined) return;
    this.#options.devices.leave(this.#device);
    this.#quota.left(this.#device.groups.length);
    this.#device = undefined;
    this.#quota.leftRoom();
  }

  deliver({ signal, acknowledge }: AnswerableSignal): void {
    if (this.#device === undefined) {
      acknowledge("Device is not registered");
    } else if (this.#options.devices.send(signal, this.#device)) {
      acknowledge(null, "success");
    } else {
      this.#quota.met("mailbox");
      acknowledge("Device is offline and its mailbox is full");
    }
  }

  #signal(signal: Signal, acknowledge: Acknowledge): void | Promise<void> {
    const problem = this.#nameProblem([signal.to]);
    if (problem !== undefined) return acknowledge(problem);
    return this.#quota.afterSpending(1, this, { signal, acknowledge });
  }

  /** Uses `spend` because it delivers no message: the client itself is answered. */
  async #sendIceServers(acknowledge: Acknowledge): Promise<void> {
    if (!(await this.#quota.spend(1)) || this.#grant === undefined) return;
    const { remoteAddress } = this.#connection;
    const { iceServers } = this.#options.iceServers.listFor({ user: this.#grant.user, remoteAddress });
    acknowledge(null, iceServers);
  }
}
