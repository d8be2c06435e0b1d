import { expect, test } from "bun:test";
import type { Peer, Reach } from "../../src/web/demo/people/peers.ts";
import { reachText } from "../../src/web/demo/people/reach-text.ts";
import { type LinksFacts, links } from "../../src/web/demo/traffic/links.ts";

const person = (reach: Reach, isOnServer = false): Peer => {
  return { clientId: 1, name: "Ann", color: "#336699", reach, isOnServer };
};
const facts: LinksFacts = {
  transports: { webrtc: true, websocket: true },
  isDenied: false,
  isOnServer: true,
  people: [person("you", true)],
};

test("a transport that is on and reaches nobody is waiting, not connected", () => {
  expect(links(facts)).toEqual({ direct: "waiting", server: "connected", others: "waiting", directWays: [] });
  expect(links({ ...facts, isOnServer: false }).server).toBe("waiting");
});

test("a transport that is off is off, whoever else is there", () => {
  const transports = { webrtc: false, websocket: false };
  expect(links({ ...facts, transports, isOnServer: false, people: [person("lost", true)] })).toEqual({
    direct: "off",
    server: "off",
    others: "off",
    directWays: [],
  });
});

test("a server that denies access refuses both links that it serves", () => {
  expect(links({ ...facts, isDenied: true, isOnServer: false })).toMatchObject({
    direct: "refused",
    server: "refused",
  });
});

test.each(["direct", "turn", "same-browser"] as const)("a person who is reached %s makes the direct link", (reach) => {
  expect(links({ ...facts, people: [person(reach)] })).toMatchObject({ direct: "connected", directWays: [reach] });
});

test("the others' link to the server is connected when one of them says so and is reached", () => {
  expect(links({ ...facts, people: [person("direct", false)] }).others).toBe("waiting");
  expect(links({ ...facts, isOnServer: false, people: [person("direct", false)] }).others).toBe("off");
  expect(links({ ...facts, people: [person("direct", true)] }).others).toBe("connected");
  expect(links({ ...facts, people: [person("relay", true)] })).toMatchObject({
    direct: "waiting",
    others: "connected",
  });
  expect(links({ ...facts, people: [person("lost", true)] }).others).toBe("waiting");
});

test("each way of reaching a person has its words, with the round trip where it is measured", () => {
  const text = (difference: Partial<Peer>) => reachText({ ...person("direct"), ...difference }, 10_000);
  expect(text({ reach: "direct", route: { kind: "direct", roundTripMs: 2.3 } })).toBe("direct · 2 ms");
  expect(text({ reach: "direct" })).toBe("direct");
  const turn = { kind: "turn", turnTransport: "tcp", roundTripMs: 0.4 } as const;
  expect(text({ reach: "turn", route: turn })).toBe("TURN (tcp) · <1 ms");
  expect(text({ reach: "turn", route: { kind: "turn" } })).toBe("TURN");
  expect(text({ reach: "relay" })).toBe("via the server");
  expect(text({ reach: "lost", lastSeenAt: 5_000 })).toBe("last seen 5 s ago");
  expect(text({ reach: "lost", lastSeenAt: 9_900 })).toBe("last seen just now");
});
