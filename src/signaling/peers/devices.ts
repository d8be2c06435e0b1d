import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Connection } from "../../transport/connection.ts";
import type { SignalingLimits } from "../limits.ts";
import type { MailBudget } from "../mail-budget.ts";
import { Mailbox } from "../mailbox.ts";
import { type JoinOutcome, Members } from "../members.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { encodeEvent, encodeSignal, type Signal } from "./codec.ts";
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
}

/** How long a message for an offline device is kept. */
const keepMs = 60_000;

/**
 * The registered devices, their groups, and the messages for devices that are offline.
 *
 * A device is told of the devices with which it shares a group, or has exchanged a message since it registered.
 */
export class Devices implements WatchedRoom {
  watcher: MessageWatcher | undefined;
  readonly #limits: PeersLimits & SignalingLimits;
  readonly #members: Members<Device>;
  readonly #mailbox: Mailbox;
  /** The devices of each group. */
  readonly #grouped = new Map<string, Set<Device>>();
  /** The devices that have exchanged a message with an id, whose device may be offline. */
  readonly #devicesByKnownId = new Map<string, Set<Device>>();
  /** The reverse index: the ids that a device has exchanged messages with, the most recent last. */
  readonly #knownIds = new WeakMap<Device, Set<string>>();

  constructor({ mailBudget: budget, clock, limits, metrics }: DevicesOptions) {
    this.#limits = limits;
    this.#members = new Members(limits.peersDevices);
    this.#mailbox = new Mailbox({ keepMs, expired: () => {}, budget, clock, limits, metrics });
  }

  [Symbol.iterator](): IterableIterator<Device> {
    return this.#members[Symbol.iterator]();
  }

  find(id: string): Device | undefined {
    return this.#members.find(id);
  }

  /** The devices that are told when this device comes online and goes offline. */
  knownDevices({ id, groups }: Pick<Device, "id" | "groups">): ReadonlySet<Device> {
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
  join(device: Device): JoinOutcome {
    const replaced = this.#members.find(device.id);
    if (device.groups.some((group) => this.#isFull(group, replaced))) return "full";
    const entry = this.#members.join(device);
    if (entry === "full") return entry;
    const informed = replaced === undefined ? new Set<Device>() : this.knownDevices(replaced);
    const knownIds = replaced === undefined ? [] : this.#forget(replaced);
    for (const group of device.groups) addTo(this.#grouped, group, device);
    for (const id of knownIds) this.#addKnownId(device, id);
    const online = encodeEvent("device-online", device.id);
    for (const other of this.knownDevices(device)) if (!informed.has(other)) other.connection.send(online);
    return entry;
  }

  /** Tells the known devices. Does nothing when another device has taken over the id. */
  leave(device: Device): void {
    if (!this.#members.leave(device)) return;
    const offline = encodeEvent("device-offline", device.id);
    for (const other of this.knownDevices(device)) other.connection.send(offline);
    this.#forget(device);
  }

  /** Takes the frames that were queued for the device before it registered, in order. */
  collect(device: Device): readonly string[] {
    const messages = this.#mailbox.take(device.id);
    for (const { sender } of messages) this.#addKnownId(device, sender);
    return messages.map(({ frame }) => frame);
  }

  /** Sends a signal to its receiver, or queues it; false when the mailbox is full. */
  deliver(signal: Signal, sender: Device): boolean {
    const frame = encodeSignal(signal, sender.id);
    const receiver = this.#members.find(signal.to);
    this.#addKnownId(sender, signal.to);
    if (receiver === undefined) {
      const { remoteAddress: address } = sender.connection;
      return this.#mailbox.put({ sender: sender.id, receiver: signal.to, frame, address });
    }
    this.#addKnownId(receiver, sender.id);
    receiver.connection.send(frame);
    this.watcher?.(sender.connection, receiver.connection);
    return true;
  }

  close(): void {
    this.#mailbox.close();
  }

  /** The device that would be replaced does not count. */
  #isFull(group: string, replaced: Device | undefined): boolean {
    const devices = this.#grouped.get(group);
    if (devices === undefined) return false;
    const others = replaced !== undefined && devices.has(replaced) ? devices.size - 1 : devices.size;
    return others >= this.#limits.signalingRoomMembers;
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
