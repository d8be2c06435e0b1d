import { expect, test } from "bun:test";
import { parseServerUrl } from "../../../src/turn/client/server-url.ts";

test.each([
  ["stun:example.org", "stun", "udp", "example.org", 3_478],
  ["STUN:example.org:19302", "stun", "udp", "example.org", 19_302],
  ["stuns:example.org", "stun", "tls", "example.org", 5_349],
  ["turn:192.0.2.1:3478", "turn", "udp", "192.0.2.1", 3_478],
  ["turn:[2001:db8::1]:80?transport=udp", "turn", "udp", "2001:db8::1", 80],
  ["turn:example.org?transport=tcp", "turn", "tcp", "example.org", 3_478],
  ["turns:example.org", "turn", "tls", "example.org", 5_349],
  ["turns:example.org:443?transport=TCP", "turn", "tls", "example.org", 443],
] as const)("%s names a server", (text, kind, transport, host, port) => {
  expect(parseServerUrl(text)).toEqual({ kind, transport, host, port });
});

test.each([
  ...["", "turn:", "example.org", "http://example.org", "turn://example.org", "turn:example.org/", "turn:a b"],
  ...["turn:example.org:0", "turn:example.org:65536", "turn:2001:db8::1", "turn:user@example.org"],
  ...["turns:example.org?transport=udp", "stun:example.org?transport=udp", "turn:example.org?transport=sctp"],
])("%p is refused", (text) => {
  expect(parseServerUrl(text)).toBeUndefined();
});
