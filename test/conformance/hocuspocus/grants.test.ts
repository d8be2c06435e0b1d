import { describe, expect, test } from "bun:test";
import { pino } from "pino";
import type { AccessPolicy } from "../../../src/auth/access-policy.ts";
import type { Denial } from "../../../src/auth/authorizer.ts";
import { LiveAuthorizer } from "../../../src/auth/live-authorizer.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import {
  type HocuspocusClient,
  HocuspocusClients,
  type Kind,
  kinds,
  saved,
} from "../../support/clients/hocuspocus-clients.ts";
import { converged } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { startRelayServer } from "../../support/servers/relay-server.ts";

/**
 * The versions that stay connected after a denial. Version 2 disconnects, and does not answer a request for a token.
 */
const lasting = kinds.filter(({ version }) => version > 2);
const unavailable: Denial = { granted: false, kind: "unavailable", code: "unavailable", reason: "no answer" };

/** A policy whose token is the time of its own expiry. */
class Moments implements AccessPolicy {
  readonly isRenewable = false;
  asked = 0;

  async authenticate(): Promise<undefined> {
    return undefined;
  }

  async decide({ token }: Parameters<AccessPolicy["decide"]>[0]): ReturnType<AccessPolicy["decide"]> {
    this.asked += 1;
    const expiresAt = Number(token);
    if (expiresAt > Date.now()) return { granted: true, access: "write", expiresAt };
    return { granted: false, kind: "unauthorized", code: "expired", reason: "token expired" };
  }
}

function liveAuthorizer(policy: AccessPolicy, isRevoked: () => boolean = () => false): LiveAuthorizer {
  const common = { clock: systemClock, log: pino({ level: "silent" }), metrics: createMetrics() };
  return new LiveAuthorizer({ ...common, policy, isRevoked });
}

const in2Seconds = () => `${Date.now() + 2_000}`;

// These tests run side by side, because they wait most of the time.
test.concurrent.each([...lasting])(
  "a provider of version $label that has new tokens types on as they expire",
  async (kind) => {
    const policy = new Moments();
    await using server = startRelayServer({ authorizer: liveAuthorizer(policy) });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("long", { token: in2Seconds });
    await saved(client);
    const socket = client.socket.webSocket;
    const type = typist(client.text, "long");
    const end = Date.now() + 5_000;
    while (Date.now() < end) {
      type(3);
      await pause(20);
    }
    await saved(client);
    expect(policy.asked).toBeGreaterThanOrEqual(3);
    // A later token is not answered.
    expect(client.authentications).toBe(1);
    expect([client.failures, client.socket.webSocket === socket]).toEqual([[], true]);
    const fresh = clients.attach("long", { token: in2Seconds });
    await saved(fresh);
    await converged([client, fresh]);
  },
);

test.concurrent.each([...kinds])(
  "a provider of version $label whose token expires returns once, and is denied with the old token",
  async (kind) => {
    const policy = new Moments();
    await using server = startRelayServer({ authorizer: liveAuthorizer(policy) });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("over", { token: in2Seconds() });
    await saved(client);
    await eventually("denied", () => client.failures.length > 0);
    const { asked } = policy;
    // Before the expiry the provider was asked for another token, and had none.
    expect(asked).toBeLessThan(12);
    client.text.insert(0, "into the void");
    await pause(3_000);
    expect(policy.asked).toBe(asked);
    expect(client.failures).toEqual(["unauthorized: token expired"]);
    expect(client.provider.unsyncedChanges).toBeGreaterThan(0);
  },
);

test.concurrent.each(kinds.filter(({ version }) => version === 2))(
  "a provider of version $label, which is asked for no token, returns with a new one and all of its edits",
  async (kind) => {
    await using server = startRelayServer({ authorizer: liveAuthorizer(new Moments()) });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("again", { token: in2Seconds });
    await saved(client);
    const socket = client.socket.webSocket;
    const type = typist(client.text, "again");
    while (client.socket.webSocket === socket) {
      type(1);
      await pause(10);
    }
    await healed(client, kind);
    expect(client.failures).toEqual([]);
    const fresh = clients.attach("again", { token: in2Seconds });
    await saved(fresh);
    await converged([client, fresh]);
  },
);

test.concurrent.each([...lasting])(
  "a provider of version $label goes on over the socket on which it was denied when it gets a new token later",
  async (kind) => {
    await using server = startRelayServer({ authorizer: liveAuthorizer(new Moments()) });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    let token = in2Seconds();
    const client = clients.attach("late", { token: () => token });
    await saved(client);
    const type = typist(client.text, "late");
    while (client.failures.length === 0) {
      type(1);
      await pause(10);
    }
    const socket = client.socket.webSocket;
    type(20);
    expect(client.provider.unsyncedChanges).toBeGreaterThanOrEqual(20);
    token = `${Date.now() + 60_000}`;
    await sendToken(client.provider);
    await saved(client);
    expect([client.failures.length, client.socket.webSocket === socket]).toEqual([1, true]);
    const fresh = clients.attach("late", { token });
    await saved(fresh);
    await converged([client, fresh]);
  },
);

test.concurrent.each([...kinds])(
  "a provider of version $label reconnects and sends its edits after the authorizer was unavailable",
  async (kind) => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("t", unavailable);
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("healed", { token: "t" });
    typist(client.text, "h")(20);
    await eventually("came back", () => authorizer.requests.length >= 2);
    authorizer.decide("t", "write");
    await healed(client, kind);
    const before = client.socket.webSocket;
    authorizer.grants.at(-1)?.end(unavailable);
    typist(client.text, "h")(20);
    await eventually("another connection", () => client.socket.webSocket !== before);
    await healed(client, kind);
    expect(client.failures).toEqual([]);
    const fresh = clients.attach("healed", { token: "t" });
    await saved(fresh);
    await converged([client, fresh]);
  },
);

describe.each([...kinds])("a provider of version $label", (kind) => {
  test("is disconnected from the document within a second of the revocation of its permission", async () => {
    let isRevoked = false;
    const authorizer = liveAuthorizer(new Moments(), () => isRevoked);
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const token = `${Date.now() + 60_000}`;
    const client = clients.attach("revoked", { token });
    await saved(client);
    typist(client.text, "r")(50);
    isRevoked = true;
    authorizer.endRevoked();
    await eventually("out", () => client.failures.length > 0, 1_000);
    expect(client.failures).toEqual(["unauthorized: permission revoked"]);
    isRevoked = false;
    const other = clients.attach("revoked", { token });
    await saved(other);
    const before = client.text.toString();
    typist(other.text, "o")(50);
    await saved(other);
    expect(client.text.toString()).toBe(before);
  });

  test("counts correctly and loses nothing when it may only read for a while in mid-typing", async () => {
    const authorizer = new FakeAuthorizer();
    await using server = startRelayServer({ authorizer });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const client = clients.attach("swings", { token: "t" });
    await saved(client);
    const grant = authorizer.grants[0];
    const witness = clients.attach("swings", { token: "w" });
    await saved(witness);
    const type = typist(client.text, "swings");
    for (let round = 0; round < 3; round += 1) {
      type(20);
      await pause(round);
      grant?.change("read");
      type(20);
      // Updates under way are stored or refused; every update from now on is refused.
      await settledAt(client.provider);
      const before = client.provider.unsyncedChanges;
      expect(before).toBeGreaterThanOrEqual(20);
      const seen = witness.text.toString();
      type(5);
      await settledAt(client.provider);
      expect([client.provider.unsyncedChanges, witness.text.toString()]).toEqual([before + 5, seen]);
      grant?.change("write");
      type(5);
      await saved(client);
      await converged([client, witness]);
    }
    expect(client.failures).toEqual([]);
  });
});

/** Resolves when a provider has synced again. Version 2 keeps counting the updates that it sent over a closed connection. */
async function healed(client: HocuspocusClient, { version }: Kind): Promise<void> {
  await eventually("synced", () => client.provider.isSynced);
  if (version > 2) await saved(client);
}

/** Resolves when the provider's count does not change any more. */
async function settledAt(provider: { readonly unsyncedChanges: number }): Promise<void> {
  let seen: number | undefined;
  while (seen !== provider.unsyncedChanges) {
    seen = provider.unsyncedChanges;
    await pause(150);
  }
}

async function sendToken(provider: object): Promise<void> {
  if (!("sendToken" in provider) || typeof provider.sendToken !== "function") throw new TypeError("no token to send");
  await provider.sendToken();
}
