import { expect, test } from "bun:test";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { AccessRates } from "../../src/rooms/access-rates.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const limits = { authorizationBurst: 2, authorizationsPerSecond: 1, authorizationAddressShare: 2 };
  const rates = new AccessRates({ addresses: new CountedAddresses(), limits, clock });
  const ended: string[] = [];
  /** A client, by its name. */
  const connect = (name: string, address = "192.0.2.1") => {
    const rate = rates.of(address);
    const gone = new AbortController();
    const ask = () => {
      const taking = rate.take(gone);
      if (taking !== true) void taking.then((mayAsk) => ended.push(`${name} ${mayAsk}`));
      return taking === true;
    };
    return { ask, leave: () => gone.abort() };
  };
  const pass = async (durationMs: number) => {
    clock.advance(durationMs);
    await settled();
    return ended.splice(0);
  };
  return { clock, connect, pass };
}

test("a connection has its burst at once, then its rate", async () => {
  const { connect, pass } = setUp();
  const ann = connect("ann");
  expect([ann.ask(), ann.ask(), ann.ask()]).toEqual([true, true, false]);
  expect([await pass(999), await pass(1)]).toEqual([[], ["ann true"]]);
});

test("the connections of one address share a rate; each request over it waits once, in its turn", async () => {
  const { clock, connect, pass } = setUp();
  for (const name of ["ann", "bob"]) {
    const client = connect(name);
    expect([client.ask(), client.ask()]).toEqual([true, true]);
  }
  const names = ["1", "2", "3", "4"];
  for (const name of names) expect(connect(name).ask()).toBe(false);
  expect(clock.pendingTimers).toBe(4);
  expect([await pass(500), await pass(500), await pass(1_000)]).toEqual([["1 true"], ["2 true"], ["3 true", "4 true"]]);
});

test("other addresses and this machine do not wait for it", () => {
  const { connect } = setUp();
  for (const name of ["ann", "bob"]) for (const client = connect(name); client.ask(); );
  expect([connect("other", "192.0.2.2").ask(), connect("local", "127.0.0.1").ask()]).toEqual([true, true]);
  expect(connect("third").ask()).toBe(false);
});

test("a client that disconnects while it waits leaves its turn to the later ones", async () => {
  const { connect, pass } = setUp();
  for (const name of ["ann", "bob"]) for (const client = connect(name); client.ask(); );
  await pass(10_000);
  const clients = Array.from({ length: 4 }, (_, index) => connect(`${index}`));
  for (const client of clients) client.ask();
  const gone = Array.from({ length: 100 }, () => connect("gone"));
  for (const client of gone) client.ask();
  for (const client of gone) client.leave();
  expect(await pass(0)).toHaveLength(100);
  const late = connect("late");
  late.ask();
  expect(await pass(1_000)).toEqual(["late true"]);
});
