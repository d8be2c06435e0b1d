import type { Allocation } from "../allocation/allocation.ts";
import type { PendingAllocation } from "../allocation/allocations.ts";
import type { Client } from "../allocation/client.ts";
import type { TurnIdentity } from "../credentials/credentials.ts";
import type { ErrorCode } from "../message/error-codes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import type { StunWriter } from "../message/stun-writer.ts";

/** The part of a request that its answer depends on. */
export interface RequestHead {
  readonly method: number;
  readonly transactionId: Uint8Array;
  readonly hasFingerprint: boolean;
}

/** A request of a client. The message is valid until the call that brings it returns. */
export interface TurnRequest {
  readonly message: StunMessage;
  readonly client: Client;
}

/** A request whose sender has shown a valid credential. */
export interface SignedRequest extends TurnRequest {
  readonly identity: TurnIdentity;
  /** The allocation of the request's 5-tuple, or the one that is being opened for it. */
  readonly allocation: Allocation | undefined;
  readonly pending: PendingAllocation | undefined;
  /** The time of the request, as `Clock.elapsedMs` counts. */
  readonly now: number;
}

export interface Failure {
  readonly code: ErrorCode;
  /** For 420: the attributes that were not understood. */
  readonly unknown?: readonly number[];
}

export interface Success {
  /** Writes the attributes of the answer, up to MESSAGE-INTEGRITY. */
  write(writer: StunWriter): void;
}

/** The answer to a request. */
export type Answer = Failure | Success;

export const done: Success = { write: () => {} };

export function failed(code: ErrorCode): Failure {
  return { code };
}
