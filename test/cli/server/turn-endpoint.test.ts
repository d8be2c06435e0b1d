import { describe, expect, test } from "bun:test";
import { type AdvertisedTurn, turnEndpoint, turnUrls } from "../../../src/cli/server/turn-endpoint.ts";

const turn = ["turn:192.0.2.1:3478?transport=udp", "turn:192.0.2.1:3478?transport=tcp"];
const urls = { stun: "stun:192.0.2.1:3478", turn };
const listening: AdvertisedTurn["listening"] = { port: 3478, tlsPort: undefined, urls };
const own: AdvertisedTurn = { listening, advertised: ["own"] };
const other = { url: "turn:turn.example.net:3478?transport=udp" };

const lineOf = (facts: AdvertisedTurn) => turnEndpoint(facts).map(({ label, url }) => `${label} ${url}`);

describe("the banner's line of TURN", () => {
  test("has the URL and the transports that it goes with", () => {
    expect(lineOf(own)).toEqual(["STUN/TURN turn:192.0.2.1:3478 (udp, tcp)"]);
    const secured = { ...urls, turn: [...turn, "turns:a.example:5349?transport=tcp"] };
    expect(lineOf({ ...own, listening: { port: 3478, tlsPort: 5349, urls: secured } })).toEqual([
      "STUN/TURN turn:192.0.2.1:3478 (udp, tcp; tls on 5349)",
    ]);
    // No client would accept the certificate: what nobody uses is not shown.
    expect(lineOf({ ...own, listening: { port: 3478, tlsPort: 5349, urls } })).toEqual([
      "STUN/TURN turn:192.0.2.1:3478 (udp, tcp)",
    ]);
    expect(lineOf({ ...own, listening: undefined })).toEqual([]);
  });

  test("shows the servers that clients are given, which may be others", () => {
    expect(lineOf({ ...own, advertised: ["own", other] })).toEqual([
      "STUN/TURN turn:192.0.2.1:3478 (udp, tcp) and 1 more",
    ]);
    expect(lineOf({ ...own, advertised: [other] })).toEqual([`STUN/TURN ${other.url}`]);
    expect(lineOf({ listening: undefined, advertised: [other, other] })).toEqual([`STUN/TURN ${other.url} and 1 more`]);
  });
});

test("the log has all URLs that clients are given, except that of this server's STUN", () => {
  expect(turnUrls({ ...own, advertised: [other, "own"] })).toEqual([other.url, ...turn]);
  expect(turnUrls({ ...own, listening: undefined })).toEqual([]);
});
