import type { Access } from "../../auth/authorizer.ts";
import type { SyncEncoding } from "../sync-member.ts";
import { encodeAddress, messageTypes } from "./codec.ts";

/** The frames that the server sends to a Hocuspocus provider about one document. */
export interface HocuspocusEncoding extends SyncEncoding {
  syncStep1(stateVector: Uint8Array): Uint8Array;
  syncStep2(update: Uint8Array): Uint8Array;
  update(update: Uint8Array): Uint8Array;
  awareness(body: Uint8Array): Uint8Array;
  readonly queryAwareness: Uint8Array;
  stateless(payload: string): Uint8Array;
  authenticated(access: Access): Uint8Array;
  denied(reason: string): Uint8Array;
  /** Asks the provider for a token. */
  readonly tokenRequest: Uint8Array;
  /** SyncStatus 1: one change of the provider is stored. */
  readonly applied: Uint8Array;
  /** SyncStatus 0: one change of the provider is not stored and will not be. */
  readonly refused: Uint8Array;
}

const syncStep1 = 0;
const syncStep2 = 1;
const update = 2;
const tokenRequest = 0;
const permissionDenied = 1;
const authenticated = 2;
const scopes = { read: "readonly", write: "read-write" } as const;

const utf8 = new TextEncoder();

/**
 * Providers ignore frames that do not carry the address that they use themselves, so each address has its own frames.
 */
export function hocuspocusEncoding(address: string): HocuspocusEncoding {
  const prefix = encodeAddress(address);
  const { sync, awareness, auth, queryAwareness, stateless, syncStatus } = messageTypes;
  return {
    syncStep1: (stateVector) => frame(prefix, [sync, syncStep1], stateVector),
    syncStep2: (body) => frame(prefix, [sync, syncStep2], body),
    update: (body) => frame(prefix, [sync, update], body),
    awareness: (body) => frame(prefix, [awareness], body),
    queryAwareness: frame(prefix, [queryAwareness]),
    stateless: (payload) => frame(prefix, [stateless], utf8.encode(payload)),
    authenticated: (access) => frame(prefix, [auth, authenticated], utf8.encode(scopes[access])),
    denied: (reason) => frame(prefix, [auth, permissionDenied], utf8.encode(reason)),
    tokenRequest: frame(prefix, [auth, tokenRequest]),
    applied: frame(prefix, [syncStatus, 1]),
    refused: frame(prefix, [syncStatus, 0]),
  };
}

/** `types` are below 128, so each takes one byte; the length of the body precedes it. */
function frame(prefix: Uint8Array, types: readonly number[], body?: Uint8Array): Uint8Array {
  const typesAt = prefix.byteLength;
  const lengthAt = typesAt + types.length;
  const bodyAt = lengthAt + (body === undefined ? 0 : varUintBytes(body.byteLength));
  const bytes = new Uint8Array(bodyAt + (body?.byteLength ?? 0));
  bytes.set(prefix);
  bytes.set(types, typesAt);
  if (body === undefined) return bytes;
  writeVarUint(bytes, lengthAt, body.byteLength);
  bytes.set(body, bodyAt);
  return bytes;
}

function varUintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

function writeVarUint(bytes: Uint8Array, offset: number, value: number): void {
  let at = offset;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes[at] = (rest % 128) + 128;
    at += 1;
  }
  bytes[at] = rest;
}
