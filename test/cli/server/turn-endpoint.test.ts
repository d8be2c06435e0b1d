import { expect, test } from "bun:test";
import { turnEndpoint } from "../../../src/cli/server/turn-endpoint.ts";

test("the banner's line of TURN has the URL and the transports that it goes with", () => {
  const turn = ["turn:192.0.2.1:3478?transport=udp", "turn:192.0.2.1:3478?transport=tcp"];
  const urls = { stun: "stun:192.0.2.1:3478", turn };
  expect(turnEndpoint({ port: 3478, tlsPort: undefined, urls })).toEqual([
    { label: "STUN/TURN", url: "turn:192.0.2.1:3478 (udp, tcp)" },
  ]);
  const secured = { ...urls, turn: [...turn, "turns:a.example:5349?transport=tcp"] };
  expect(turnEndpoint({ port: 3478, tlsPort: 5349, urls: secured })).toEqual([
    { label: "STUN/TURN", url: "turn:192.0.2.1:3478 (udp, tcp; tls on 5349)" },
  ]);
  // No client would accept the certificate: what nobody uses is not shown.
  expect(turnEndpoint({ port: 3478, tlsPort: 5349, urls })).toEqual([
    { label: "STUN/TURN", url: "turn:192.0.2.1:3478 (udp, tcp)" },
  ]);
  expect(turnEndpoint(undefined)).toEqual([]);
});
