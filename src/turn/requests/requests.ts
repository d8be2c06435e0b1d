import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { TurnCounts, TurnDropReason } from "../../ops/metrics/turn-metrics.ts";
import type { Allocations } from "../allocation/allocations.ts";
import type { Credentials, TurnIdentity } from "../credentials/credentials.ts";
import type { Nonces } from "../credentials/nonces.ts";
import type { TurnLimits } from "../limits.ts";
import { attributes } from "../message/attributes.ts";
import { methods } from "../message/message-type.ts";
import type { PeerPolicy } from "../policy/peer-policy.ts";
import type { RelayNetwork } from "../relay-network.ts";
import type { Relaying } from "../relaying/relaying.ts";
import { AllocateRequests } from "./allocate.ts";
import { authenticate } from "./authenticate.ts";
import { bind } from "./binding.ts";
import { PeerRequests } from "./peer-requests.ts";
import { refresh } from "./refresh.ts";
import { RefusedPeerLog } from "./refused-peer-log.ts";
import { RefusedUsers } from "./refused-users.ts";
import { Responder } from "./responder.ts";
import { type Answer, failed, type SignedRequest, type TurnRequest } from "./turn-request.ts";

export interface RequestsOptions {
  readonly network: RelayNetwork;
  readonly credentials: Credentials;
  readonly nonces: Nonces;
  readonly policy: PeerPolicy;
  readonly limits: TurnLimits;
  readonly strictChannels: boolean;
  readonly counts: TurnCounts;
  readonly bounds: Pick<Bounds, "met">;
  readonly clock: Clock;
  readonly log: Log;
  readonly limitedLog: LimitedLog;
  readonly addresses: CountedAddresses;
  readonly allocations: Allocations;
  readonly relaying: Relaying;
}

/**
 * The attributes that must be understood, and are. RESERVATION-TOKEN and DONT-FRAGMENT are not: no browser sends them.
 */
const understood: ReadonlySet<number> = new Set([
  ...[attributes.username, attributes.messageIntegrity, attributes.realm, attributes.nonce],
  ...[attributes.channelNumber, attributes.lifetime, attributes.xorPeerAddress, attributes.data],
  ...[attributes.requestedAddressFamily, attributes.requestedTransport, attributes.evenPort],
]);

/** Answers the requests of clients. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #responder: Responder;
  readonly #allocate: AllocateRequests;
  readonly #refusedUsers: RefusedUsers;
  readonly #handlers: ReadonlyMap<number, (request: SignedRequest) => Answer | undefined>;

  constructor(options: RequestsOptions) {
    const { limits, strictChannels, credentials, allocations, clock } = options;
    const responder = new Responder({ ...options, realm: credentials.realm });
    const allocate = new AllocateRequests({ ...options, responder, log: options.limitedLog });
    const refusedPeers = new RefusedPeerLog(options.log, clock);
    const peers = new PeerRequests({
      ...options,
      limits,
      channelRange: strictChannels ? "rfc-8656" : "rfc-5766",
      refused: (ip, verdict) => refusedPeers.refused(ip, verdict),
    });
    this.#options = options;
    this.#responder = responder;
    this.#allocate = allocate;
    this.#refusedUsers = new RefusedUsers(clock);
    this.#handlers = new Map([
      [methods.allocate, (request) => allocate.allocate(request)],
      [methods.refresh, (request) => refresh(request, allocations)],
      [methods.createPermission, (request) => peers.createPermission(request)],
      [methods.channelBind, (request) => peers.bindChannel(request)],
    ]);
  }

  /** Refuses the user's credentials that expire before a time. */
  refuse(user: string, expiringBefore: number): void {
    this.#refusedUsers.add(user, expiringBefore);
  }

  drain(): void {
    this.#allocate.isDraining = true;
  }

  /** Answers a request, or returns why it is dropped. */
  handle(request: TurnRequest): TurnDropReason | undefined {
    const { message, client } = request;
    if (message.method === methods.binding) return this.#responder.answer(request, bind(request));
    const { allocations, clock, credentials, limitedLog } = this.#options;
    const now = clock.elapsedMs();
    const { socket, address, port } = client;
    const allocation = allocations.find(socket, address, port, now);
    const identity = authenticate(this.#options, message, client, allocation !== undefined);
    if ("code" in identity) {
      // Others are no failures: every client begins without a signature, and gets a new nonce now and then.
      if (identity.code === 401 && message.hasIntegrity)
        limitedLog.info({ event: "turn-request-refused", reason: credentials.faultOf(message), address });
      return this.#responder.answer(request, identity);
    }
    if (this.#refusedUsers.has(identity)) {
      limitedLog.info({ event: "turn-request-refused", reason: "revoked", address });
      return this.#responder.answer(request, failed(401));
    }
    const pending = allocations.pending(socket, address, port);
    const answer = this.#answerTo({ ...request, identity, allocation, pending, now });
    if (answer !== undefined) this.#responder.answerSigned(message, client, answer, identity.key);
    return undefined;
  }

  #answerTo(request: SignedRequest): Answer | undefined {
    const { message, identity, allocation, pending } = request;
    const unknown = message.unknownRequired(understood);
    if (unknown.length > 0) return { code: 420, unknown };
    const handler = this.#handlers.get(message.method);
    if (handler === undefined) return failed(400);
    const owner: Pick<TurnIdentity, "username"> | undefined = allocation ?? pending?.identity;
    // RFC 8656 §5: the allocation belongs to the user who made it.
    if (owner !== undefined && owner.username !== identity.username) return failed(441);
    return handler(request);
  }
}
