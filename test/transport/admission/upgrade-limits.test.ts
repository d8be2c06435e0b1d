import { expect, test } from "bun:test";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { UpgradeLimits } from "../../../src/transport/admission/upgrade-limits.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function open(changed: Partial<Limits>) {
  const clock = new FakeClock();
  const upgrades = new UpgradeLimits({
    addresses: new CountedAddresses(),
    limits: { ...defaultLimits, ...changed },
    clock,
  });
  const connect = (address: string) => {
    const refusal = upgrades.refuse(address);
    if (refusal === undefined) upgrades.opened(address);
    return refusal;
  };
  const comeAndGo = (address: string) => {
    const refusal = connect(address);
    if (refusal === undefined) upgrades.closed(address);
    return refusal;
  };
  return { clock, upgrades, connect, comeAndGo };
}

const [flooder, bystander] = ["192.0.2.1", "192.0.2.2"];

test("no more sockets are open than the limit of all addresses, this machine's own included, until one closes", () => {
  const { upgrades, connect } = open({ connections: 3 });
  expect(["127.0.0.1", "127.0.0.1", flooder, bystander, "127.0.0.1"].map(connect)).toEqual([
    undefined,
    undefined,
    undefined,
    "connections",
    "connections",
  ]);
  upgrades.closed(flooder);
  expect([bystander, flooder].map(connect)).toEqual([undefined, "connections"]);
});

test("a flood from one address does not use up the rate that all addresses share", () => {
  const { comeAndGo } = open({ upgradeBurst: 10, upgradesPerSecond: 1, addressUpgradeBurst: 4 });
  const tries = Array.from({ length: 1_000 }, () => comeAndGo(flooder));
  expect(tries.filter((refusal) => refusal === undefined)).toHaveLength(4);
  expect(tries.slice(4).every((refusal) => refusal === "address-rate")).toBe(true);
  // The rest of the ten is available to other addresses.
  const others = Array.from({ length: 7 }, (_, index) => comeAndGo(`198.51.100.${index}`));
  expect(others).toEqual([...Array(6).fill(undefined), "rate"]);
});

test("an address at its limit of connections does not use up the shared rate either", () => {
  const { connect } = open({ upgradeBurst: 2, upgradesPerSecond: 1, connectionsPerAddress: 1 });
  connect(flooder);
  for (let count = 0; count < 100; count += 1) expect(connect(flooder)).toBe("address-connections");
  expect(connect(bystander)).toBeUndefined();
});

test("a flood from many addresses does not use up the rate of a single address", () => {
  const limits = { upgradeBurst: 1, upgradesPerSecond: 1_000, addressUpgradeBurst: 2, addressUpgradesPerSecond: 1 };
  const { clock, comeAndGo } = open(limits);
  comeAndGo(flooder);
  for (let count = 0; count < 100; count += 1) expect(comeAndGo(bystander)).toBe("rate");
  const later = [1, 2, 3].map(() => {
    clock.advance(1);
    return comeAndGo(bystander);
  });
  expect(later).toEqual([undefined, undefined, "address-rate"]);
});

test("a full server uses up no rate", () => {
  const limits = { connections: 1, upgradeBurst: 2, upgradesPerSecond: 1, addressUpgradeBurst: 1 };
  const { upgrades, connect } = open(limits);
  connect(flooder);
  for (let count = 0; count < 100; count += 1) expect(connect(bystander)).toBe("connections");
  upgrades.closed(flooder);
  expect(connect(bystander)).toBeUndefined();
});

test("a client that has waited may find that others have connected meanwhile", () => {
  const { upgrades, connect } = open({ connections: 3, connectionsPerAddress: 2 });
  expect(upgrades.refuse(flooder)).toBeUndefined();
  connect(flooder);
  expect(upgrades.full(flooder)).toBeUndefined();
  connect(flooder);
  expect([upgrades.full(flooder), upgrades.full(bystander)]).toEqual(["address-connections", undefined]);
  connect(bystander);
  expect([upgrades.full(flooder), upgrades.full(bystander)]).toEqual(["connections", "connections"]);
});
