import { decodeJsonValue, isObject, type JsonObject, malformed } from "../json-codec.ts";

/** A packet of Socket.IO protocol 5 from a client. This server takes text packets without attachments. */
export type Packet =
  | {
      readonly type: "connect";
      readonly namespace: string;
      /** The access token in the client's `auth`. */
      readonly token: string | undefined;
    }
  | { readonly type: "disconnect"; readonly namespace: string }
  | {
      readonly type: "event";
      readonly namespace: string;
      /** The id under which the client waits for an acknowledgement; undefined if it does not. */
      readonly acknowledgement: number | undefined;
      readonly event: unknown;
      readonly args: readonly unknown[];
    }
  /** An answer that this server never asked for, a packet with attachments, or one of an unknown type. It is ignored. */
  | { readonly type: "unknown" };

export type EventPacket = Extract<Packet, { type: "event" }>;

/** A message for another device. */
export interface Signal {
  readonly type: "signal";
  readonly event: "offer" | "answer" | "iceCandidate";
  readonly to: string;
  readonly message: JsonObject;
}

export interface Registration {
  readonly type: "register";
  readonly deviceId: string;
  readonly groups: readonly string[];
}

/** A message of a Peers client, decoded from an event. */
export type ClientMessage =
  | Registration
  | Signal
  | { readonly type: "get-ice-servers" }
  | { readonly type: "invalid"; readonly problem: string }
  | { readonly type: "unknown" };

/** The default namespace, and the only one. */
export const mainNamespace = "/";

/** A disconnect packet, after which a client does not reconnect by itself. */
export const disconnected = "1";

/** The groups are: type, namespace, acknowledgement id, JSON. */
const packetPattern = /^([0-2])(?:(\/[^,]*),?)?(\d{0,15})(.*)$/s;
/** The types of acknowledgements, connect errors, and packets with attachments. */
const unknownPattern = /^[3-9]/;

/** The characters of a packet that hold its type, namespace and acknowledgement id. */
const headLength = 512;

/** Throws `SessionError` (malformed-frame). */
export function decodePacket(frame: string | Uint8Array, jsonDepth: number): Packet {
  // A binary frame is an attachment.
  if (typeof frame !== "string" || frame === "" || unknownPattern.test(frame)) return { type: "unknown" };
  const parts = packetPattern.exec(frame);
  if (parts === null) throw malformed("not a Socket.IO text packet");
  const [, type, namespace = mainNamespace, id = "", json = ""] = parts;
  switch (type) {
    case "0":
      return { type: "connect", namespace, token: decodeToken(json, jsonDepth) };
    case "1":
      return { type: "disconnect", namespace };
    default: {
      const [event, ...args] = decodeList(json, jsonDepth);
      return { type: "event", namespace, acknowledgement: id === "" ? undefined : Number(id), event, args };
    }
  }
}

/** Reads the acknowledgement id of an event that is too large, or too deep, to be decoded; undefined if it has none. */
export function acknowledgementOf(frame: string | Uint8Array): number | undefined {
  const [, type, , id = ""] = (typeof frame === "string" && packetPattern.exec(frame.slice(0, headLength))) || [];
  return type === "2" && id !== "" ? Number(id) : undefined;
}

export function decodeMessage({ event, args: [first] }: EventPacket): ClientMessage {
  switch (event) {
    case "device-registered":
      return readRegistration({ deviceId: first });
    case "register-device":
      return readRegistration(first);
    case "offer":
    case "answer":
    case "iceCandidate":
      return readSignal(event, first);
    case "getIceServers":
      return { type: "get-ice-servers" };
    default:
      return { type: "unknown" };
  }
}

export function encodeEvent(event: string, argument: unknown): string {
  return `2${JSON.stringify([event, argument])}`;
}

/** Encodes the answer to an event; the first argument is the error or null, as in Node. */
export function encodeAcknowledgement(id: number, args: readonly unknown[]): string {
  return `3${id}${JSON.stringify(args)}`;
}

export function encodeConnected(sid: string): string {
  return `0${JSON.stringify({ sid })}`;
}

/** Encodes a connect error, after which a client does not reconnect by itself. `data` is for the application. */
export function encodeConnectError(namespace: string, message: string, data?: unknown): string {
  return `4${namespace === mainNamespace ? "" : `${namespace},`}${JSON.stringify({ message, data })}`;
}

/** Encodes a signal for its receiver, unchanged but for the id of its sender. */
export function encodeSignal({ event, message }: Signal, from: string): string {
  const named = ["fromDeviceId", "fromDevice"].filter((name) => Object.hasOwn(message, name));
  if (named.length === 0) named.push(Object.hasOwn(message, "toDeviceId") ? "fromDeviceId" : "fromDevice");
  return encodeEvent(event, { ...message, ...Object.fromEntries(named.map((name) => [name, from])) });
}

/** Encodes the ids that a device has exchanged messages with, for another node. */
export function encodeIds(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

/** Reads such ids; none if another release has written something else. */
export function decodeIds(text: string): readonly string[] {
  try {
    const ids: unknown = JSON.parse(text);
    return isListOfStrings(ids) ? ids : [];
  } catch {
    return [];
  }
}

/** Reads the token of a connect packet, whose JSON is the client's `auth`. */
function decodeToken(json: string, jsonDepth: number): string | undefined {
  const shown = json === "" ? {} : decodeJsonValue(json, jsonDepth);
  if (!isObject(shown)) throw malformed("the payload of a connect is not an object");
  return typeof shown["token"] === "string" ? shown["token"] : undefined;
}

function decodeList(json: string, jsonDepth: number): readonly unknown[] {
  const list = decodeJsonValue(json, jsonDepth);
  if (!Array.isArray(list) || list.length === 0) throw malformed("not a JSON array of an event and its arguments");
  return list;
}

function readRegistration(registration: unknown): ClientMessage {
  const { deviceId, groups = [] } = isObject(registration) ? registration : {};
  if (typeof deviceId !== "string") return { type: "invalid", problem: "Device id is not a string" };
  if (!isListOfStrings(groups)) return { type: "invalid", problem: "Groups are not a list of strings" };
  return { type: "register", deviceId, groups };
}

function readSignal(event: Signal["event"], message: unknown): ClientMessage {
  if (!isObject(message)) return { type: "invalid", problem: "Message is not an object" };
  const to = message["toDeviceId"] ?? message["toDevice"];
  if (typeof to !== "string") return { type: "invalid", problem: "Message names no receiver" };
  return { type: "signal", event, to, message };
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === "string");
}
