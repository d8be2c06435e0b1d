import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { AdvertisedServer } from "../../../../src/composition/server-options.ts";
import * as schemas from "../../../../src/composition/settings/turn/turn-schemas.ts";

const read = <T>(schema: v.GenericSchema<unknown, T>, input: unknown): T | undefined => {
  const result = v.safeParse(schema, input);
  return result.success ? result.output : undefined;
};

describe("the settings of TURN", () => {
  test.each<[readonly string[], readonly string[] | "auto" | undefined]>([
    [["auto"], "auto"],
    [["203.0.113.7"], ["203.0.113.7"]],
    [
      ["2001:DB8::0001", "203.0.113.7"],
      ["2001:db8::1", "203.0.113.7"],
    ],
    [["203.0.113.7", "203.0.113.8"], undefined],
    [["auto", "203.0.113.7"], undefined],
    [[], undefined],
    [["example.com"], undefined],
    [["0.0.0.0"], undefined],
    [["224.0.0.1"], undefined],
    [["::"], undefined],
  ])("read the external address %j", (input, expected) => {
    expect(read(schemas.externalAddresses, input)).toEqual(expected);
  });

  test.each<[string, { host: string; port: number } | undefined]>([
    ["stun.example.com", { host: "stun.example.com", port: 3478 }],
    ["stun.example.com:19302", { host: "stun.example.com", port: 19_302 }],
    ["stun:stun.example.com:19302", { host: "stun.example.com", port: 19_302 }],
    ["192.0.2.1:1", { host: "192.0.2.1", port: 1 }],
    ["[2001:db8::1]:3479", { host: "2001:db8::1", port: 3479 }],
    ["stun.example.com:0", undefined],
    ["stun.example.com:65536", undefined],
    ["stun://stun.example.com", undefined],
    ["", undefined],
  ])("read the STUN server %p", (input, expected) => {
    expect(read(schemas.stunServer, input)).toEqual(expected);
  });

  test.each<[string, { first: number; last: number } | undefined]>([
    ["49152-65535", { first: 49_152, last: 65_535 }],
    ["5000-5000", { first: 5_000, last: 5_000 }],
    ["5001-5000", undefined],
    ["1023-5000", undefined],
    ["5000-65536", undefined],
    ["5000", undefined],
    ["5000 - 6000", undefined],
  ])("read the relay ports %p", (input, expected) => {
    expect(read(schemas.portRange, input)).toEqual(expected);
  });

  test.each<[readonly string[], readonly AdvertisedServer[] | undefined]>([
    [["own"], ["own"]],
    [[], []],
    [
      ["STUN:stun.example.com", "turns:[2001:db8::1]:443?transport=tcp", "turn:192.0.2.1"],
      [
        { url: "stun:stun.example.com", needsCredential: false },
        { url: "turns:[2001:db8::1]:443?transport=tcp", needsCredential: true },
        { url: "turn:192.0.2.1", needsCredential: true },
      ],
    ],
    [["turn://example.com"], undefined],
    [["stun:example.com?transport=udp"], undefined],
    [["turn:user@example.com"], undefined],
    [["turn:example.com:0"], undefined],
    [["turn:example.com?transport=sctp"], undefined],
    [["https://example.com"], undefined],
    [["others"], undefined],
  ])("read the servers that clients are told, %j", (input, expected) => {
    expect(read(schemas.advertisedServers, input)).toEqual(expected);
  });

  test.each([
    ["yurt", true],
    ["collab.example.com", true],
    ["", false],
    ['a"b', false],
    ["a".repeat(33), false],
  ])("read the realm %p: %p", (input, isValid) => {
    expect(read(schemas.realm, input) !== undefined).toBe(isValid);
  });
});
