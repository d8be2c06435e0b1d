import type { Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import { isSameSecret } from "../../lib/same-secret.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { closeReasonOf, sessionErrorOf } from "../../rooms/denial.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkName } from "../../rooms/room-name.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { Handshake, ProtocolSession } from "../../transport/protocol.ts";
import type { IdGrant } from "../cluster/id-claim.ts";
import { takeOverId } from "../id-takeover.ts";
import { BoundExceeded } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { Deliverer, Quota, Quotas, SignalingBound } from "../quotas.ts";
import { peerJsRoomName } from "../room-names.ts";
import {
  type ClientMessage,
  type ConnectParameters,
  decode,
  decodeConnectParameters,
  encodeExpire,
  open,
  type PeerJsSignal,
  receiverOf,
} from "./codec.ts";
import type { PeerJsLimits } from "./limits.ts";
import { idTakenText, type PeerJsMember, type PeerJsNamespace } from "./namespace.ts";

/** The parts that all PeerJS sessions of a server share. */
export interface PeerJsOptions {
  /** The key that every request must name. */
  readonly key: string;
  readonly namespace: PeerJsNamespace;
  readonly authorizer: Authorizer;
  readonly quotas: Quotas;
  readonly limits: SignalingLimits & PeerJsLimits & RoomLimits;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "ignoredMessages">;
}

/** The URL parameter of the access token: `token` is PeerJS' own, the client's secret for its id. */
const tokenParameter = "access_token";

/** Opens the session of a client under the id that it asks for. Throws `SessionError` with PeerJS' own error texts. */
export async function openPeerJs(
  connection: Connection,
  handshake: Handshake,
  options: PeerJsOptions,
): Promise<PeerJsSession> {
  const parameters = decodeConnectParameters(handshake.url);
  if (parameters === undefined) {
    throw new SessionError(closeReasons.malformedFrame, "No id, token, or key supplied to websocket server");
  }
  if (!isSameSecret(parameters.key, options.key))
    throw new SessionError(closeReasons.forbidden, "Invalid key provided");
  checkNames(parameters, options.limits.nameBytes);
  const roomName = peerJsRoomName(parameters.key);
  const request = accessRequest("signaling", roomName, { connection, handshake, tokenParameter });
  const decision = await options.authorizer.authorize(request);
  if (!decision.granted) throw sessionErrorOf(decision);
  const quota = options.quotas.open(connection, handshake);
  const session = new PeerJsSession({ member: { ...parameters, connection }, quota, grant: decision }, options);
  await session.join();
  return session;
}

/** The token is bounded like the id, since the server keeps it as long. */
function checkNames({ id, token }: ConnectParameters, nameBytes: number): void {
  // The library sends these texts when it reconnects before it has an id. No peer could reach such a client.
  if (id === "null" || id === "undefined") {
    throw new SessionError(closeReasons.malformedFrame, `The id is ${id}: the client has no id yet`);
  }
  for (const name of [id, token]) {
    const refusal = checkName(name, nameBytes);
    if (refusal !== undefined) throw new SessionError(closeReasons.malformedFrame, `In id or token, ${refusal}`);
  }
}

/** The parts of a session, which closes the quota and releases the grant. */
interface SessionParts {
  readonly member: PeerJsMember;
  readonly quota: Quota;
  readonly grant: Grant;
}

/** One PeerJS client under its id. */
class PeerJsSession implements ProtocolSession, Deliverer<PeerJsSignal> {
  readonly #member: PeerJsMember;
  readonly #quota: Quota;
  readonly #grant: Grant;
  readonly #options: PeerJsOptions;

  constructor({ member, quota, grant }: SessionParts, options: PeerJsOptions) {
    this.#member = member;
    this.#quota = quota;
    this.#grant = grant;
    this.#options = options;
  }

  /** Rejects with `SessionError` if another live client holds the id, or the server has too many clients. */
  async join(): Promise<void> {
    const { id, token, connection } = this.#member;
    const { clock, limits, namespace } = this.#options;
    try {
      const isGranted = await takeOverId({
        holder: () => namespace.find(id),
        // The same token proves the same client, which has lost its old socket.
        isOwn: (holder) => isSameSecret(holder.token, token),
        clock,
        withinMs: limits.livenessProbeMs,
        claim: namespace.claim(id, token),
        granted: (holder, grant) => {
          if (connection.isOpen) this.#joinNamespace(holder, grant);
        },
      });
      if (!isGranted) throw new SessionError(closeReasons.idTaken, idTakenText);
    } catch (error) {
      this.#quota.closed();
      this.#grant.release();
      throw error;
    }
  }

  receive(frame: Frame): void | Promise<void> {
    if (!this.#options.namespace.holds(this.#member)) return;
    let message: ClientMessage;
    try {
      message = decode(frame, this.#options.limits.jsonDepth);
    } catch (error) {
      if (error instanceof BoundExceeded) return this.#refuse(receiverOf(frame), error.bound, error.message);
      throw error;
    }
    if (message.type === "unknown") return this.#options.metrics.ignoredMessages.inc({ protocol: "peerjs" });
    if (message.type !== "HEARTBEAT" && message.type !== "LEAVE-ALL") return this.#signal(message);
  }

  oversized(frame: Frame, detail: string): Promise<void> {
    return this.#refuse(receiverOf(frame), "frame-bytes", detail);
  }

  /** Sends a signal to its receiver or its mailbox, if the sender still holds its id. */
  deliver(signal: PeerJsSignal): void {
    if (!this.#options.namespace.holds(this.#member)) return;
    if (!this.#options.namespace.send(signal, this.#member)) this.#quota.met("mailbox");
  }

  closed(): void {
    this.#options.namespace.leave(this.#member);
    this.#quota.closed();
    this.#grant.release();
  }

  #ended(denial: Denial): void {
    // The client leaves at once, also while a message of it waits for its quota.
    this.#options.namespace.leave(this.#member);
    this.#member.connection.refuse(closeReasonOf(denial), denial.reason);
  }

  #joinNamespace(holder: PeerJsMember | undefined, grant: IdGrant | undefined): void {
    const { namespace } = this.#options;
    if (namespace.join(this.#member, grant) === "full") {
      throw new SessionError(closeReasons.roomFull, "Server has reached its concurrent user limit");
    }
    // The URL counts as the first frame: PeerJS' client need not send another.
    this.#quota.frameReceived();
    this.#quota.joinedRoom();
    if (holder !== undefined) namespace.retire(holder);
    const { connection } = this.#member;
    connection.cork(() => {
      connection.send(open);
      for (const frame of namespace.collect(this.#member)) connection.send(frame);
    });
    this.#grant.watch({ ended: (denial) => this.#ended(denial) });
  }

  #signal(signal: PeerJsSignal): void | Promise<void> {
    // No client can have such an id, so the message could never be delivered.
    const refusal = checkName(signal.dst, this.#options.limits.nameBytes);
    if (refusal !== undefined) return this.#refuse(signal.dst, "name", `In dst, ${refusal}`);
    return this.#quota.afterSpending(1, this, signal);
  }

  /**
   * Refuses one message. The client is told that its receiver cannot be reached, which its application gets as an error
   * of that connection: on an ERROR the library would give up all of them.
   */
  async #refuse(dst: string | undefined, bound: SignalingBound, msg: string): Promise<void> {
    this.#quota.met(bound, msg);
    const { id, connection } = this.#member;
    if ((await this.#quota.spend(1)) && dst !== undefined) connection.send(encodeExpire({ src: dst, dst: id, msg }));
  }
}
