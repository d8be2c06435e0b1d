import { expect, test } from "bun:test";
import { readPastedServers } from "../../../src/web/check/diagnosis/pasted-servers.ts";

const turn = { urls: "turn:turn.example.com:3478", username: "ann", credential: "s3cret" };

test.each<[string, string, readonly unknown[]]>([
  ["a JSON list", JSON.stringify([{ urls: "stun:a" }, turn]), [{ urls: "stun:a" }, turn]],
  ["an RTCConfiguration", JSON.stringify({ iceServers: [turn], iceTransportPolicy: "relay" }), [turn]],
  [
    "the answer of /ice",
    JSON.stringify({ iceServers: [{ ...turn, urls: [turn.urls] }], ttl: 600 }),
    [{ ...turn, urls: [turn.urls] }],
  ],
  ["one server", JSON.stringify(turn), [turn]],
  ["the former name url", '[{ "url": "stun:a" }]', [{ urls: "stun:a" }]],
  ["an object literal", "[{ urls: 'turn:turn.example.com:3478', username: 'ann', credential: 's3cret', },]", [turn]],
  ["lines", "  turn:turn.example.com:3478  ann s3cret\n\nstun:a\n", [turn, { urls: "stun:a" }]],
])("%s is read", (_, text, servers) => {
  expect(readPastedServers(text)).toEqual({ kind: "servers", servers: [...servers] as never });
});

test.each([
  ["", "Paste a list"],
  ["[{ urls: }]", "not JSON"],
  ['{"iceServers": [{"username": "ann"}]}', "needs urls"],
  ["[1]", "needs urls"],
  ["[]", "needs urls"],
  ["turn.example.com", "no STUN or TURN URL"],
  ['[{"urls": ["stun:a", "http://b"]}]', '"http://b" is no STUN or TURN URL'],
])("in %j the fault is named", (text, message) => {
  expect(readPastedServers(text)).toEqual({ kind: "fault", message: expect.stringContaining(message) });
});
