import type { Denial } from "../../auth/authorizer.ts";
import { sha256 } from "../../lib/crypto/sha-256.ts";
import { isSameSecret } from "../../lib/same-secret.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkName } from "../../rooms/room-name.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import { noProof } from "../cluster/claimed-ids.ts";
import type { Stamp } from "../cluster/stamp.ts";
import type { DialectSession, SignalingClient } from "../dialects.ts";
import { takeOverId } from "../id-takeover.ts";
import type { JsonMessage } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { Deliverer, SignalingBound } from "../quotas.ts";
import { type AuthenticatedUser, type AuthenticationOptions, authenticateUser } from "./authentication.ts";
import type { RoomFacts } from "./cluster/cluster-codec.ts";
import {
  type Casing,
  type ClientMessage,
  casingOf,
  decode,
  type Envelope,
  encode,
  forwardedData,
  type RoomContent,
} from "./codec.ts";
import { endingText } from "./denial-text.ts";
import type { OctateMember, OctateRoom } from "./room.ts";
import type { Created, OctateRooms } from "./rooms.ts";

/** The parts that all OctateCode sessions of a server share. */
export interface OctateCodeOptions extends AuthenticationOptions {
  readonly rooms: OctateRooms;
  readonly limits: SignalingLimits & RoomLimits;
  readonly clock: Clock;
}

type OctateCodeSignal = Extract<ClientMessage, { readonly data: unknown }>;

/** A member and its room. */
interface Membership {
  readonly room: OctateRoom;
  readonly member: OctateMember;
}

/** One OctateCode client: a user whose token permits one room, which it has joined or not. */
export class OctateCodeSession implements DialectSession, Deliverer<OctateCodeSignal> {
  readonly #client: SignalingClient;
  readonly #options: OctateCodeOptions;
  #casing: Casing = "kebab";
  #authenticated: AuthenticatedUser | undefined;
  #membership: Membership | undefined;

  constructor(client: SignalingClient, options: OctateCodeOptions) {
    this.#client = client;
    this.#options = options;
  }

  receive(received: JsonMessage): void | Promise<void> {
    this.#casing = casingOf(received);
    if (this.#membership !== undefined) this.#membership.member.casing = this.#casing;
    const message = decode(received);
    if (message.type === "auth") return this.#authenticate(message);
    if (message.type === "unknown") return this.#client.ignored();
    const authenticated = this.#authenticated;
    if (authenticated === undefined) return this.#refuse("Not authenticated");
    switch (message.type) {
      case "create-room":
        return this.#create(authenticated, message);
      case "join-room":
        return this.#join(authenticated, message.userName);
      case "leave-room":
        return this.#leave();
      case "heartbeat":
        return this.#heartbeat(authenticated);
      default:
        return this.#forward(message);
    }
  }

  async malformed(): Promise<void> {
    if (await this.#client.quota.spend(1)) this.#refuse("Invalid message format");
  }

  refused(detail: string): void {
    this.#refuse(detail);
  }

  closed(): void {
    this.#leave();
    this.#authenticated?.grant?.release();
  }

  /** Sends a signal to its receiver or to the whole room, if the sender is still in it. */
  deliver({ type, data, targetUserId }: OctateCodeSignal): void {
    if (this.#membership === undefined) return;
    const { room, member } = this.#membership;
    const envelope = this.#envelope(type, forwardedData(type, data));
    if (targetUserId === undefined) room.publish(envelope, member);
    else room.send(targetUserId, envelope);
    const target = targetUserId === undefined ? undefined : room.find(targetUserId);
    // The watcher knows the connections of this node only.
    if (targetUserId === undefined || target !== undefined) room.watcher?.(member.connection, target?.connection);
  }

  async #authenticate({ userId, roomId, token }: Extract<ClientMessage, { type: "auth" }>): Promise<void> {
    if (!userId || !roomId) return this.#refuse("Missing userId or roomId");
    if (this.#hasFault(userId) || this.#hasFault(roomId)) return this.#refuse("Missing userId or roomId", "name");
    const turn = this.#client.quota.requestAccess();
    if (turn !== true && !(await turn)) return;
    const authenticated = await authenticateUser({ user: userId, room: roomId, token }, this.#client, this.#options);
    if (typeof authenticated === "string") return this.#refuse(authenticated);
    this.#become(authenticated);
    this.#answer("auth", { status: "authenticated", message: "Connected to the room that the token is for" });
    authenticated.grant?.watch({ ended: (denial) => this.#ended(denial) });
  }

  #become(authenticated: AuthenticatedUser): void {
    const before = this.#authenticated;
    if (before?.user !== authenticated.user || before.room !== authenticated.room) this.#leave();
    else if (this.#membership !== undefined) this.#membership.member.proof = authenticated.proof;
    before?.grant?.release();
    this.#authenticated = authenticated;
  }

  #ended(denial: Denial): void {
    this.#refuse(endingText(denial));
    this.#leave();
    this.#authenticated = undefined;
  }

  async #create(
    authenticated: AuthenticatedUser,
    { userName, roomName: named, fileId, content, version }: RoomContent & { userName: string | undefined },
  ) {
    const name = userName || authenticated.user;
    const roomName = named || authenticated.room;
    if (this.#hasFault(name) || this.#hasFault(roomName)) return this.#refuse("Failed to create room", "name");
    if (!(await this.#client.quota.spend(1)) || this.#authenticated !== authenticated) return;
    const { clock, rooms } = this.#options;
    const { user: hostId, room: roomId } = authenticated;
    const createdAt = clock.now();
    const facts = { roomId, roomName, hostId, hostName: name, createdAt, fileId, content, version };
    const creating = rooms.exclusively(roomId, () => this.#createAndJoin(authenticated, facts));
    const created = creating instanceof Promise ? await creating : creating;
    if (typeof created === "string")
      return this.#refuse("Failed to create room", created === "full" ? "rooms" : undefined);
    this.#answer("room-created", { room: created.describe() });
  }

  #createAndJoin(authenticated: AuthenticatedUser, facts: RoomFacts): Created {
    // The permission may have ended meanwhile.
    if (this.#authenticated !== authenticated) return "exists";
    const { rooms } = this.#options;
    const created = rooms.create(facts);
    // Nobody else can have the host's id yet.
    const stamp = rooms.cluster?.nextStamp();
    if (typeof created !== "string")
      this.#joinRoom(created, this.#memberOf(authenticated, facts.hostName, stamp), undefined);
    return created;
  }

  async #join(authenticated: AuthenticatedUser, userName: string | undefined): Promise<void> {
    const name = userName || authenticated.user;
    const { clock, limits, rooms } = this.#options;
    const room = rooms.find(authenticated.room) ?? (rooms.cluster && (await this.#lookUp(authenticated.room)));
    if (room === undefined || this.#hasFault(name)) return this.#refuse("Room not found or join failed");
    // The client pays for two messages to every member: that it has joined, and that it has left.
    if (!(await this.#client.quota.spend(2 * room.size))) return;
    const isGranted = await takeOverId({
      holder: () => room.find(authenticated.user),
      isOwn: ({ connection, proof }) =>
        connection === this.#client.connection ||
        (proof !== undefined && authenticated.proof !== undefined && isSameSecret(proof, authenticated.proof)),
      clock,
      withinMs: limits.livenessProbeMs,
      claim: rooms.cluster?.claim(room.facts.roomId, authenticated.user, digestOf(authenticated)),
      granted: (holder, grant) => {
        // The permission may have ended meanwhile.
        if (this.#authenticated === authenticated)
          this.#joinAndPublish(room, this.#memberOf(authenticated, name, grant?.stamp), holder);
      },
    });
    if (!isGranted) this.#refuse("User ID in use");
  }

  /** Asks the other nodes for a room that this one does not know. The client pays for one message. */
  async #lookUp(roomId: string): Promise<OctateRoom | undefined> {
    return (await this.#client.quota.spend(1)) ? this.#options.rooms.lookUp(roomId) : undefined;
  }

  #joinAndPublish(room: OctateRoom, member: OctateMember, holder: OctateMember | undefined): void {
    // The room may have been dropped while the holder of the id was pinged.
    const isThere = this.#options.rooms.find(room.facts.roomId) === room;
    if (!isThere || !this.#joinRoom(room, member, holder)) {
      this.#refuse("Room not found or join failed", isThere ? "room-members" : undefined);
      return;
    }
    this.#answer("room-joined", { room: room.describe() });
    const peer = { userId: member.id, userName: member.name };
    room.publishHere(this.#envelope("peer-joined", { peer }), member);
  }

  /** Joins in one synchronous step: an id that is taken over has not left in between. */
  #joinRoom(room: OctateRoom, member: OctateMember, holder: OctateMember | undefined): boolean {
    const { clock, rooms } = this.#options;
    if (room.join(member, clock.now()) === "full") return false;
    rooms.membersChanged(room);
    if (this.#membership === undefined) this.#client.quota.joinedRoom();
    this.#membership = { room, member };
    if (holder !== undefined && holder.connection !== member.connection) holder.connection.close(closeReasons.replaced);
    return true;
  }

  #leave(): void {
    if (this.#membership === undefined) return;
    const { room, member } = this.#membership;
    this.#membership = undefined;
    this.#client.quota.leftRoom();
    const { clock, rooms } = this.#options;
    if (!room.leave(member, clock.now())) return;
    room.publishHere(this.#envelope("peer-left"), member);
    rooms.membersChanged(room);
  }

  #heartbeat(authenticated: AuthenticatedUser): void {
    const { clock } = this.#options;
    this.#membership?.room.heartbeat(this.#membership.member, clock.now());
    const { user: userId, room: roomId } = authenticated;
    this.#send({ type: "heartbeat", roomId, userId, timestamp: clock.now() });
  }

  #forward(signal: OctateCodeSignal): void | Promise<void> {
    if (this.#membership === undefined) return this.#refuse("Room not found or join failed");
    const { room } = this.#membership;
    const { targetUserId } = signal;
    if (targetUserId !== undefined && !room.has(targetUserId)) return;
    return this.#client.quota.afterSpending(targetUserId === undefined ? room.size - 1 : 1, this, signal);
  }

  #memberOf({ user, proof }: AuthenticatedUser, name: string, stamp: Stamp | undefined): OctateMember {
    const now = this.#options.clock.now();
    const { connection } = this.#client;
    return { id: user, name, proof, connection, connectedAt: now, lastHeartbeat: now, casing: this.#casing, stamp };
  }

  #hasFault(name: string): boolean {
    return checkName(name, this.#options.limits.nameBytes) !== undefined;
  }

  /** A message in the name of this client, with the user and room of its token. */
  #envelope(type: string, data?: unknown): Envelope {
    const { user: userId = "", room: roomId = "" } = this.#authenticated ?? {};
    const timestamp = this.#options.clock.now();
    return { type, roomId, userId, ...(data !== undefined && { data }), timestamp };
  }

  #answer(type: string, data: unknown): void {
    this.#send(this.#envelope(type, data));
  }

  #refuse(error: string, bound?: SignalingBound): void {
    if (bound !== undefined) this.#client.quota.met(bound);
    const timestamp = this.#options.clock.now();
    this.#send({ type: "error", roomId: "", userId: "", data: { error }, timestamp });
  }

  #send(envelope: Envelope): void {
    this.#client.connection.send(encode(envelope, this.#casing));
  }
}

/** Other nodes are shown no token. */
function digestOf({ proof }: AuthenticatedUser): Uint8Array {
  return proof === undefined ? noProof : sha256(proof);
}
