import { describe, expect, test } from "bun:test";
import { type OwnTurnFacts, ownTurnUrls } from "../../../src/composition/turn/own-urls.ts";

const facts: OwnTurnFacts = {
  port: 3478,
  tls: undefined,
  listening: ["192.168.1.5", "127.0.0.1"],
  relayAddresses: [{ family: 4, bound: "192.168.1.5", advertised: "203.0.113.7" }],
  publicUrl: undefined,
};
const url = (text: string) => new URL(text);

describe("the URLs of this server", () => {
  test("are one for STUN, and one of TURN for each transport, at the external address", () => {
    expect(ownTurnUrls(facts)).toEqual({
      stun: "stun:203.0.113.7:3478",
      turn: ["turn:203.0.113.7:3478?transport=udp", "turn:203.0.113.7:3478?transport=tcp"],
    });
  });

  test.each<[string, string | undefined, string]>([
    ["the host of the public URL", "https://collab.example.com:8443/yurt", "collab.example.com"],
    ["its address, in brackets", "https://[2001:db8::1]", "[2001:db8::1]"],
    ["the external address for a public URL on loopback", "http://localhost:8080", "203.0.113.7"],
  ])("name %s", (_, publicUrl, host) => {
    const { stun } = ownTurnUrls({ ...facts, publicUrl: publicUrl === undefined ? undefined : url(publicUrl) });
    expect(stun).toBe(`stun:${host}:3478`);
  });

  test("name the address that is listened on, if nothing can be relayed", () => {
    expect(ownTurnUrls({ ...facts, relayAddresses: [], listening: ["::1"] }).stun).toBe("stun:[::1]:3478");
  });

  test.each<[readonly string[], string | undefined]>([
    [["collab.example.com"], "turns:collab.example.com:5349?transport=tcp"],
    [["*.example.com", "example.com"], "turns:collab.example.com:5349?transport=tcp"],
    // Another name of the server is better than a URL that every client refuses.
    [["192.0.2.1", "yurt.example.net"], "turns:yurt.example.net:5349?transport=tcp"],
    [["192.0.2.1"], "turns:192.0.2.1:5349?transport=tcp"],
    [["*.example.net"], undefined],
  ])("have TLS at a name of the certificate for %j", (certificateNames, secured) => {
    const publicUrl = url("https://collab.example.com");
    const { turn } = ownTurnUrls({ ...facts, publicUrl, tls: { port: 5349, certificateNames } });
    expect(turn.slice(2)).toEqual(secured === undefined ? [] : [secured]);
  });
});
