import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { defaultsOf } from "../../../src/config/limit.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { TurnCounts } from "../../../src/ops/metrics/turn-metrics.ts";
import { Credentials, mintCredential } from "../../../src/turn/credentials/credentials.ts";
import { Nonces } from "../../../src/turn/credentials/nonces.ts";
import { turnLimits } from "../../../src/turn/limits.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { UdpListener } from "../../../src/turn/network/udp-listener.ts";
import { UdpRelayNetwork } from "../../../src/turn/network/udp-relay-network.ts";
import { PeerPolicy } from "../../../src/turn/policy/peer-policy.ts";
import { TurnServer } from "../../../src/turn/turn-server.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { Coturn } from "../../support/programs/coturn.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";
import {
  channelTo,
  outcomeOf,
  peerAddress,
  type RequestChanges,
  RequestWriter,
  udpTransport,
  type WriteAttributes,
} from "../../support/turn/request-writer.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

const secret = "the secret of both servers";
const host = "127.0.0.1";
const answerMs = 1_000;
const credential = (user = "ann", ttlMs = 600_000) => mintCredential({ secret, user, expiresAt: Date.now() + ttlMs });

type Outcome = ReturnType<typeof outcomeOf>;

/** A client at a UDP port of its own. */
class Probe implements Disposable {
  readonly requests = new RequestWriter(credential());
  readonly #peer: UdpPeer;
  readonly #port: number;

  private constructor(peer: UdpPeer, port: number) {
    this.#peer = peer;
    this.#port = port;
  }

  static async open(port: number): Promise<Probe> {
    const probe = new Probe(await UdpPeer.open(host), port);
    await probe.ask(probe.requests.unsigned(methods.allocate, udpTransport));
    return probe;
  }

  async ask(bytes: Uint8Array): Promise<StunMessage | undefined> {
    this.#peer.send(bytes, this.#port, host);
    const received = await Promise.race([this.#peer.next(), Bun.sleep(answerMs)]);
    const answer = received && decodeStun(received.bytes);
    this.requests.learn(answer);
    return answer;
  }

  async request(method: number, write?: WriteAttributes, changes?: RequestChanges): Promise<Outcome> {
    return outcomeOf(await this.ask(this.requests.signed(method, write, changes)));
  }

  allocate(...write: readonly WriteAttributes[]): Promise<Outcome> {
    return this.request(methods.allocate, all(udpTransport, ...write));
  }

  [Symbol.dispose](): void {
    this.#peer[Symbol.dispose]();
  }
}
