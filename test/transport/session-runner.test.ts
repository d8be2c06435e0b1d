import { expect, test } from "bun:test";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { LimitedLog } from "../../src/ops/limited-log.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import type { Protocol } from "../../src/transport/protocol.ts";
import { SessionRunner } from "../../src/transport/session-runner.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { testShares } from "../support/test-shares.ts";

const session = { receive: () => {}, closed: () => {} };

/** Runs a client of a protocol with these properties. */
function run(protocol: Pick<Protocol, "open"> & Partial<Protocol>) {
  const clock = new FakeClock();
  const { log } = recordedLog();
  const metrics = createMetrics();
  const { scheduler } = testShares(defaultLimits, metrics);
  const fake = new FakeConnection("1");
  const connection = Object.assign(fake, {
    turns: scheduler.open(fake),
    lost() {},
    abandon() {},
    completed() {},
    pause() {},
    resume() {},
  });
  const runner = new SessionRunner(
    {
      protocol: { name: "test", frameBytes: 100, frameBytesOption: "limits.test", match: () => true, ...protocol },
      handshake: { href: "ws://localhost/", origin: undefined, headerToken: undefined },
      connect: () => connection,
    },
    {
      limits: defaultLimits,
      limitedLog: new LimitedLog(log, clock),
      clock,
      metrics,
      scheduler,
      ended: () => {},
    },
  );
  return { connection, runner };
}

test("a client is admitted when the session has opened that checks its credentials, whatever it sends before", async () => {
  const opening = Promise.withResolvers<typeof session>();
  const { connection, runner } = run({ open: () => opening.promise });
  runner.receive("early");
  expect(connection.isAdmitted).toBe(false);
  opening.resolve(session);
  await settled();
  expect(connection.isAdmitted).toBe(true);
});

test("a client that is not admitted may send little", async () => {
  const opening = Promise.withResolvers<typeof session>();
  const { connection, runner } = run({ open: () => opening.promise, frameBytes: 1e6 });
  runner.receive(new Uint8Array(60 * 1024));
  expect(connection.isOpen).toBe(true);
  runner.receive(new Uint8Array(5 * 1024));
  expect(connection.closeReason).toBe(closeReasons.overloaded);
  const admitted = run({ open: () => Promise.resolve(session), frameBytes: 1e6 });
  await settled();
  admitted.runner.receive(new Uint8Array(5e5));
  expect(admitted.connection.isOpen).toBe(true);
});

test("a client that needs no credentials is admitted by its first message", () => {
  const { connection, runner } = run({ open: () => session });
  expect(connection.isAdmitted).toBe(false);
  runner.receive("first");
  expect(connection.isAdmitted).toBe(true);
});

test("a client of a protocol that authorizes by messages is admitted by its session", () => {
  const { connection, runner } = run({ open: () => session, admitsClients: true });
  runner.receive("first");
  expect(connection.isAdmitted).toBe(false);
});
