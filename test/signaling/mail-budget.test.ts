import { expect, test } from "bun:test";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { MailBudget } from "../../src/signaling/mail-budget.ts";

const open = () => new MailBudget({ limitBytes: 1_200, addresses: new CountedAddresses() });

/** Takes as much as an address may have. */
function fill(budget: MailBudget, address: string): number {
  let bytes = 0;
  while (budget.take(address, 1)) bytes += 1;
  return bytes;
}

test("an address gets no more than it leaves free, so that others always get some", () => {
  const budget = open();
  expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => fill(budget, address))).toEqual([600, 300, 150]);
  expect(budget.usedBytes).toBe(1_050);
  expect([budget.take("192.0.2.4", 76), budget.take("192.0.2.4", 75)]).toEqual([false, true]);
});

test("what an address gives back, it may take again, and so may others", () => {
  const budget = open();
  fill(budget, "192.0.2.1");
  budget.give("192.0.2.1", 400);
  expect([fill(budget, "192.0.2.2"), fill(budget, "192.0.2.1")]).toEqual([500, 150]);
  budget.give("192.0.2.2", 500);
  budget.give("192.0.2.1", 350);
  expect([budget.usedBytes, fill(budget, "192.0.2.2")]).toEqual([0, 600]);
});

test("a /64 of IPv6 is one address, and this machine may take everything", () => {
  const budget = open();
  expect(fill(budget, "2001:db8::1")).toBe(600);
  expect(budget.take("2001:db8::2", 1)).toBe(false);
  expect(fill(budget, "127.0.0.1")).toBe(600);
});
