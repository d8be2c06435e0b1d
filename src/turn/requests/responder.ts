import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { TurnCounts, TurnDropReason } from "../../ops/metrics/turn-metrics.ts";
import type { Client } from "../allocation/client.ts";
import type { Nonces } from "../credentials/nonces.ts";
import type { TurnLimits } from "../limits.ts";
import { attributes } from "../message/attributes.ts";
import type { StunMessage } from "../message/stun-message.ts";
import { StunWriter } from "../message/stun-writer.ts";
import type { Answer, RequestHead, TurnRequest } from "./turn-request.ts";

export interface ResponderOptions {
  readonly realm: string;
  readonly nonces: Nonces;
  readonly limits: Pick<TurnLimits, "stunAnswerBurst" | "stunAnswersPerSecond">;
  readonly addresses: CountedAddresses;
  readonly counts: TurnCounts;
  readonly bounds: Pick<Bounds, "met">;
  readonly clock: Clock;
}

/** The maximum ratio of an answer without authentication to its request, in bytes. */
const maxAmplification = 4;
/** Ports below it belong to services: a request from there was forged, to make the service get the answer. */
const firstClientPort = 1_024;

/**
 * Writes and sends the answers to requests.
 *
 * The source of a UDP packet can be forged. Therefore answers to requests without a valid credential are few per
 * address and short. They need memory for the rate limit only, which is bounded.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #writer = new StunWriter();
  readonly #rates: KeyedBuckets;

  constructor(options: ResponderOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#rates = new KeyedBuckets({ burst: limits.stunAnswerBurst, perSecond: limits.stunAnswersPerSecond, clock });
  }

  /** Answers a request that is not authenticated, or returns why not. */
  answer({ message, client }: TurnRequest, answer: Answer): TurnDropReason | undefined {
    const { socket, address, port } = client;
    if (socket.transport === "udp" && port < firstClientPort) return "source-port";
    if (!this.#isWithinRate(address)) {
      this.#options.bounds.met("limits.stun-answers-per-second");
      return "rate";
    }
    const most = maxAmplification * message.bytes.byteLength;
    let bytes = this.#challenge(message, client, answer);
    if (bytes.byteLength > most) bytes = this.#challenge(message, client, answer, "");
    if (bytes.byteLength > most) return "amplification";
    this.#count(answer);
    socket.send(bytes, address, port);
    return undefined;
  }

  /** Answers an authenticated request. The result is the answer, and valid until the next one. */
  answerSigned(head: RequestHead, client: Client, answer: Answer, key: Uint8Array): Uint8Array {
    this.#begin(head, answer).sign(key);
    const bytes = this.#finish(head);
    this.#count(answer);
    client.socket.send(bytes, client.address, client.port);
    return bytes;
  }

  /** An answer without a signature: with 401 and 438 it tells the client what to sign the next request with. */
  #challenge(message: StunMessage, client: Client, answer: Answer, reason?: ""): Uint8Array {
    const writer = this.#begin(message, answer, reason);
    if ("code" in answer && (answer.code === 401 || answer.code === 438)) {
      const { realm, nonces } = this.#options;
      const { socket, address, port } = client;
      const nonce = nonces.issue({ address, port, transport: socket.transport });
      writer.text(attributes.realm, realm).text(attributes.nonce, nonce);
    }
    return this.#finish(message);
  }

  #begin({ method, transactionId }: RequestHead, answer: Answer, reason?: ""): StunWriter {
    if (!("code" in answer)) {
      this.#writer.begin(method, "success", transactionId);
      answer.write(this.#writer);
      return this.#writer;
    }
    this.#writer.begin(method, "error", transactionId).error(answer.code, reason);
    if (answer.unknown !== undefined) this.#writer.unknownAttributes(answer.unknown);
    return this.#writer;
  }

  #finish({ hasFingerprint }: RequestHead): Uint8Array {
    if (hasFingerprint) this.#writer.fingerprint();
    return this.#writer.finish();
  }

  #isWithinRate(address: string): boolean {
    const key = this.#options.addresses.keyOf(address);
    return key === undefined || this.#rates.of(key).take();
  }

  #count(answer: Answer): void {
    if ("code" in answer && answer.code !== 500) this.#options.counts.failed(answer.code);
  }
}
