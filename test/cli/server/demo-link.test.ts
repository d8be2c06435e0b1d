import { expect, test } from "bun:test";
import type { TokenOrder } from "../../../src/auth/token-order.ts";
import { demoLink } from "../../../src/cli/server/demo-link.ts";

const endpoints = [
  { label: "Demo", url: "https://example.com/yurt/" },
  { label: "y-websocket", url: "wss://example.com/yurt/sync" },
];

function minter() {
  const orders: TokenOrder[] = [];
  const mint = async (order: TokenOrder) => {
    orders.push(order);
    return { token: "a.b.c", expiresAt: 0 };
  };
  return { orders, mint };
}

test("the link to the demo has a token for the room demo, for half an hour", async () => {
  const { orders, mint } = minter();
  expect(await demoLink({ endpoints, mint }, 86_400_000)).toBe("https://example.com/yurt/?room=demo#token=a.b.c");
  expect(orders).toEqual([{ rooms: new Map([["demo", "write"]]), isAdmin: false, lifetimeMs: 1_800_000 }]);
});

test("a server that does not accept tokens for half an hour has no link", async () => {
  expect(await demoLink({ endpoints, mint: minter().mint }, 1_799_999)).toBeUndefined();
});

test("a server without a demo has no link to it", async () => {
  expect(await demoLink({ endpoints: endpoints.slice(1), mint: minter().mint }, 60_000)).toBeUndefined();
});
