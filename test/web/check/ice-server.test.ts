import { expect, test } from "bun:test";
import { endpointsOf, invalidUrlsOf, mostEndpoints, parseIceUrl } from "../../../src/web/check/diagnosis/ice-server.ts";

test.each([
  ["stun:stun.example.com", { kind: "stun", transport: "udp", host: "stun.example.com", port: 3478 }],
  ["stun:127.0.0.1:19302", { kind: "stun", transport: "udp", host: "127.0.0.1", port: 19302 }],
  ["stuns:stun.example.com", { kind: "stun", transport: "tls", host: "stun.example.com", port: 5349 }],
  ["turn:turn.example.com", { kind: "turn", transport: "udp", host: "turn.example.com", port: 3478 }],
  ["turn:turn.example.com:80?transport=tcp", { kind: "turn", transport: "tcp", host: "turn.example.com", port: 80 }],
  ["turns:turn.example.com?transport=tcp", { kind: "turn", transport: "tls", host: "turn.example.com", port: 5349 }],
  ["TURN:[2001:DB8::1]:443?transport=UDP", { kind: "turn", transport: "udp", host: "[2001:db8::1]", port: 443 }],
] as const)("%s is read", (url, parts) => {
  expect(parseIceUrl(url)).toEqual({ url, ...parts });
});

test.each([
  "",
  "turn:",
  "https://turn.example.com",
  "turn://turn.example.com",
  "turn:host:port",
  "turn:a?transport=sctp",
])("%j is no URL of an ICE server", (url) => {
  expect(parseIceUrl(url)).toBeUndefined();
  expect(invalidUrlsOf([{ urls: [url, "stun:a"] }])).toEqual([url]);
});

test("each URL of all servers is tested once, with its server's credential, up to a bound", () => {
  const turn = { urls: ["turn:a", "turn:a?transport=tcp"], username: "u", credential: "c" };
  const endpoints = endpointsOf([{ urls: "stun:a" }, turn, { urls: ["stun:a", "nonsense"] }]);
  expect(endpoints.map(({ url, server }) => [url, server.credential])).toEqual([
    ["stun:a", undefined],
    ["turn:a", "c"],
    ["turn:a?transport=tcp", "c"],
  ]);
  expect(endpointsOf([{ urls: Array.from({ length: 50 }, (_, index) => `stun:a${index}`) }])).toHaveLength(
    mostEndpoints,
  );
});
