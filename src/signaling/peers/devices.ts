import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import { noProof } from "../cluster/claimed-ids.ts";
import type { IdClaim, IdGrant } from "../cluster/id-claim.ts";
import { type DirectedCluster, type DirectedHost, DirectedIds } from "../directed/directed-ids.ts";
import type { SignalingLimits } from "../limits.ts";
import type { MailBudget } from "../mail-budget.ts";
import { Mailbox, type QueuedMessage } from "../mailbox.ts";
import { type JoinOutcome, Members } from "../members.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { decodeIds, encodeEvent, encodeIds, encodeSignal, type Signal } from "./codec.ts";
import type { PeersLimits } from "./limits.ts";

/** A registered device. */
export interface Device {
  readonly id: string;
  readonly groups: readonly string[];
  readonly connection: Connection;
}

export interface DevicesOptions {
  /** Bounds the messages of all mailboxes together. */
  readonly mailBudget: MailBudget;
  readonly clock: Clock;
  readonly limits: PeersLimits & SignalingLimits;
  readonly metrics: Metrics;
  /** The other nodes with devices; undefined if there is only this server. */
  readonly cluster?: DirectedCluster | undefined;
}

/** A device as its node announces it. */
type NamedDevice = Pick<Device, "id" | "groups">;

/** How long a message for an offline device is kept. */
const keepMs = 60_000;

/** The text for a client that asks for the id of another device. */
export const idInUse = "Device id in use";

/**
 * The registered devices, their groups, and the messages for devices that are offline.
 *
 * A device is told of the devices with which it shares a group, or has exchanged a message since it registered. Those of
 * other nodes are among them: each node tells its own devices.
 */
export class Devices implements WatchedRoom, DirectedHost {
  watcher: MessageWatcher | undefined;
  readonly #limits: PeersLimits & SignalingLimits;
  readonly #members: Members<Device>;
  readonly #mailbox: Mailbox;
  readonly #cluster: DirectedIds | undefined;
  /** The devices of each group. */
  readonly #grouped = new Map<string, Set<Device>>();
  /** The devices that have exchanged a message with an id, whose device may be offline. */
  readonly #devicesByKnownId = new Map<string, Set<Device>>();
  /** The reverse index: the ids that a device has exchanged messages with, the most recent last. */
  readonly #knownIds = new WeakMap<Device, Set<string>>();

  constructor({ mailBudget: budget, clock, cluster, limits, metrics }: DevicesOptions) {
    this.#limits = limits;
    this.#members = new Members(limits.peersDevices);
    const openMailbox = () => new Mailbox({ keepMs, expired: () => {}, budget, clock, limits, metrics });
    this.#mailbox = openMailbox();
    if (cluster === undefined) return;
    const [mailbox, returned] = [this.#mailbox, openMailbox()];
    this.#cluster = new DirectedIds({ ...cluster, subject: "peers", host: this, mailbox, returned, clock, limits });
  }

  [Symbol.iterator](): IterableIterator<Device> {
    return this.#members[Symbol.iterator]();
  }

  find(id: string): Device | undefined {
    return this.#members.find(id);
  }

  /** Claims an id among all nodes; undefined if there is only this server. */
  claim(id: string): IdClaim | undefined {
    return this.#cluster?.claim(id);
  }

  /** The number of devices that are told when this device comes online; those of other nodes count once for each group. */
  audienceOf(device: NamedDevice): number {
    const elsewhere = device.groups.map((group) => this.#cluster?.sizeOf(group) ?? 0);
    return elsewhere.reduce((sum, size) => sum + size, this.knownDevices(device).size);
  }

  /** The devices of this node that are told when this device comes online and goes offline. */
  knownDevices({ id, groups }: NamedDevice): ReadonlySet<Device> {
    const all = new Set(this.#devicesByKnownId.get(id));
    for (const group of groups) for (const device of this.#grouped.get(group) ?? []) all.add(device);
    for (const device of all) if (device.id === id) all.delete(device);
    return all;
  }

  /**
   * Registers a device and informs its known devices, except those that know it from the device that it replaces. A
   * device with the same id is replaced in the same step; the caller closes its connection. Returns `full` also when a
   * group is full.
   */
  join(device: Device, grant?: IdGrant | undefined): JoinOutcome {
    const replaced = this.#members.find(device.id);
    const former = replaced ?? this.#cluster?.find(device.id);
    if (device.groups.some((group) => this.#isFull(group, former))) return "full";
    const entry = this.#members.join(device);
    if (entry === "full") return entry;
    const informed = former && this.knownDevices(former);
    const knownIds = replaced === undefined ? (grant?.details.flatMap(decodeIds) ?? []) : this.#forget(replaced);
    for (const group of device.groups) addTo(this.#grouped, group, device);
    for (const id of knownIds) this.#addKnownId(device, id);
    this.#tell("device-online", device, informed);
    const { id, groups, connection } = device;
    if (grant !== undefined) this.#cluster?.opened({ id, groups, proof: noProof, connection }, grant);
    return entry;
  }

  /** Tells the known devices. Does nothing when another device has taken over the id. */
  leave(device: Device): void {
    if (!this.#members.leave(device)) return;
    if (this.#cluster?.find(device.id) === undefined) this.#tell("device-offline", device);
    this.#forget(device);
    this.#cluster?.closed(device.id);
  }

  /** Takes the frames that were queued for the device before it registered, in order. */
  collect(device: Device): readonly string[] {
    // Messages that were sent before these may still be on their way back.
    if (this.#cluster?.holdsBack(device.id)) return [];
    const messages = this.#mailbox.take(device.id);
    for (const { sender } of messages) this.#addKnownId(device, sender);
    return messages.map(({ frame }) => frame);
  }

  /** Sends a signal to its receiver, or queues it; false when the mailbox is full. */
  send(signal: Signal, sender: Device): boolean {
    const { remoteAddress: address } = sender.connection;
    const message = { sender: sender.id, receiver: signal.to, frame: encodeSignal(signal, sender.id), address };
    this.#addKnownId(sender, signal.to);
    if (this.#cluster?.holdsBack(signal.to) || !this.deliver(message)) {
      return this.#cluster?.send(message) || this.#mailbox.put(message);
    }
    const receiver = this.#members.find(signal.to);
    if (receiver !== undefined) this.watcher?.(sender.connection, receiver.connection);
    return true;
  }

  deliver({ frame, receiver, sender }: QueuedMessage): boolean {
    const device = this.#members.find(receiver);
    if (device === undefined) return false;
    this.#addKnownId(device, sender);
    device.connection.send(frame);
    return true;
  }

  keep(message: QueuedMessage): void {
    this.#mailbox.put(message);
  }

  /** The ids that the device has exchanged messages with, for the device that takes over its id. */
  detailsOf(id: string): string {
    const device = this.#members.find(id);
    return encodeIds([...((device && this.#knownIds.get(device)) ?? [])]);
  }

  replaced(id: string): void {
    this.#evict(id)?.connection.close(closeReasons.replaced);
  }

  refused(id: string): void {
    const device = this.#evict(id);
    device?.connection.send(encodeEvent("error", idInUse));
    device?.connection.refuse(closeReasons.idTaken, idInUse);
  }

  opened(device: NamedDevice, former: NamedDevice | undefined): void {
    this.#tell("device-online", device, former && this.knownDevices(former));
  }

  closed(device: NamedDevice): void {
    this.#tell("device-offline", device);
  }

  close(): void {
    this.#cluster?.close();
    this.#mailbox.close();
  }

  /** Tells the known devices of this node, but those that have been informed. */
  #tell(event: "device-online" | "device-offline", device: NamedDevice, informed?: ReadonlySet<Device>): void {
    const frame = encodeEvent(event, device.id);
    for (const other of this.knownDevices(device)) if (!informed?.has(other)) other.connection.send(frame);
  }

  /** Removes a device whose id is another one's now: for all others it is still online. */
  #evict(id: string): Device | undefined {
    const device = this.#members.find(id);
    if (device === undefined || !this.#members.leave(device)) return undefined;
    this.#forget(device);
    return device;
  }

  /** The device that would be replaced does not count. */
  #isFull(group: string, former: NamedDevice | undefined): boolean {
    const all = (this.#grouped.get(group)?.size ?? 0) + (this.#cluster?.sizeOf(group) ?? 0);
    return all - (former?.groups.includes(group) ? 1 : 0) >= this.#limits.signalingRoomMembers;
  }

  #addKnownId(device: Device, id: string): void {
    const ids = this.#knownIds.get(device) ?? new Set();
    this.#knownIds.set(device, ids);
    ids.delete(id);
    ids.add(id);
    addTo(this.#devicesByKnownId, id, device);
    const [oldest] = ids;
    if (ids.size <= this.#limits.peersCorrespondents || oldest === undefined) return;
    ids.delete(oldest);
    removeFrom(this.#devicesByKnownId, oldest, device);
  }

  /** Removes a device from all indexes; returns the ids that it has exchanged messages with. */
  #forget(device: Device): readonly string[] {
    const ids = [...(this.#knownIds.get(device) ?? [])];
    for (const group of device.groups) removeFrom(this.#grouped, group, device);
    for (const id of ids) removeFrom(this.#devicesByKnownId, id, device);
    this.#knownIds.delete(device);
    return ids;
  }
}

function addTo(index: Map<string, Set<Device>>, key: string, device: Device): void {
  const devices = index.get(key);
  if (devices === undefined) index.set(key, new Set([device]));
  else devices.add(device);
}

function removeFrom(index: Map<string, Set<Device>>, key: string, device: Device): void {
  const devices = index.get(key);
  devices?.delete(device);
  if (devices?.size === 0) index.delete(key);
}
