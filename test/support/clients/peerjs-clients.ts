import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import type { Bus } from "../../../src/cluster/bus.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { MailBudget } from "../../../src/signaling/mail-budget.ts";
import { PeerJsNamespace } from "../../../src/signaling/peerjs/namespace.ts";
import { peerjs } from "../../../src/signaling/peerjs/protocol.ts";
import { Quotas } from "../../../src/signaling/quotas.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import type { Handshake, ProtocolSession } from "../../../src/transport/protocol.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { recordedLog } from "../fakes/recorded-log.ts";
import { administration } from "./http-callers.ts";

export interface PeerJsClientsOptions {
  readonly authorizer?: Authorizer;
  readonly limits?: Partial<Limits>;
  readonly clock?: FakeClock;
  /** The bus to other nodes, if the server is one of several. */
  readonly bus?: Bus;
}

export interface PeerJsClient {
  readonly connection: FakeConnection;
  readonly session: ProtocolSession;
  say(message: unknown): void;
  /** The messages received since the last call. */
  received(): unknown[];
  /** Disconnects the client. */
  leave(): void;
}

/** PeerJS' protocol, and clients of it without a network. */
export function peerJsClients(options: PeerJsClientsOptions = {}) {
  const { authorizer = openAuthorizer, bus, clock = new FakeClock() } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const budget = new MailBudget({ limitBytes: limits.mailboxesBytes, addresses: new CountedAddresses() });
  const metrics = createMetrics();
  const cluster = bus && { bus, room: "peerjs/peerjs" };
  const namespace = new PeerJsNamespace({ mailBudget: budget, clock, cluster, limits, metrics });
  const quotas = new Quotas({ addresses: new CountedAddresses(), limits, clock, log: recordedLog().log, metrics });
  const shared = { namespace, authorizer, administration, quotas, limits, clock, metrics };
  const protocol = peerjs({ ...shared, key: "peerjs", discoveryEnabled: false });
  const open = async (
    query: string,
    shown: Partial<Handshake> = {},
    connection = new FakeConnection(query),
  ): Promise<PeerJsClient> => {
    const url = new URL(`ws://localhost/peerjs/peerjs?${query}`);
    const gone = new AbortController();
    const session = await protocol.open(connection, { ...shown, url, signal: gone.signal });
    return {
      connection,
      session,
      say: (message) => void session.receive(JSON.stringify(message)),
      received: () => connection.take().map((frame) => JSON.parse(String(frame))),
      leave() {
        connection.disconnect();
        gone.abort();
        session.closed();
      },
    };
  };
  const connect = (id: string, token = `token of ${id}`) =>
    open(new URLSearchParams({ key: "peerjs", id, token, version: "1.5.5" }).toString());
  /** The close message to a client that is refused. */
  const refusal = async (opening: Promise<PeerJsClient>): Promise<unknown> => {
    const error = await opening.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SessionError)) throw new Error(`not refused: ${error}`);
    return JSON.parse(String(protocol.closeMessage?.(error.reason, error.message)));
  };
  /** The number of ignored messages. */
  const ignored = async () => (await metrics.ignoredMessages.get()).values[0]?.value ?? 0;
  const bounds = async () => (await metrics.bounds.get()).values.map(({ labels }) => labels.bound);
  return { connect, open, refusal, clock, budget, namespace, protocol, bounds, ignored };
}
