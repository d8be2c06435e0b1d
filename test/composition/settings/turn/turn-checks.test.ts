import { describe, expect, test } from "bun:test";
import { accepted, type Flags, refused } from "../../../support/servers/configurations.ts";

const token = { "auth.mode": "token" };

describe("the settings of TURN", () => {
  test.each<[string, Flags, string, string]>([
    [
      "a TLS port without a certificate",
      { "turn.tls-port": "5349" },
      "turn.tls-port",
      "needs the certificate of HTTPS",
    ],
    ["the port of HTTP", { "turn.port": "4444" }, "turn.port", "--port has the same port"],
    [
      "the port of HTTPS",
      { ...token, domain: "a.example.com", "turn.tls-port": "443" },
      "turn.tls-port",
      "--port has the same port",
    ],
    [
      "the same port twice",
      { ...token, domain: "a.example.com", "turn.port": "3479", "turn.tls-port": "3479" },
      "turn.tls-port",
      "--turn-port has the same port",
    ],
    [
      "a STUN server beside an address",
      { "turn.stun-server": "stun.example.com", "turn.external-address": "203.0.113.7" },
      "turn.stun-server",
      "while --turn-external-address gives the address",
    ],
    ["a user name alone", { "turn.advertise-username": "a" }, "turn.advertise-username", "--turn-advertise-credential"],
    [
      "a password alone",
      { "turn.advertise-credential": "a" },
      "turn.advertise-credential",
      "--turn-advertise-username",
    ],
  ])("do not go with %s", (_, flags, setting, remedy) => {
    expect(refused({}, flags)).toMatchObject([{ setting, remedy: expect.stringContaining(remedy) }]);
  });

  test.each<[string, Flags]>([
    ["any free ports", { port: "0", "turn.port": "0" }],
    ["a TLS port with a domain", { ...token, domain: "a.example.com", "turn.tls-port": "5350" }],
    ["a STUN server for auto", { "turn.stun-server": "stun.example.com", "turn.external-address": "auto" }],
    ["both of a credential", { "turn.advertise-username": "a", "turn.advertise-credential": "b" }],
    ["a port that is not used", { "turn.enabled": "false", "turn.port": "4444" }],
  ])("go with %s", (_, flags) => {
    accepted({}, flags);
  });
});
