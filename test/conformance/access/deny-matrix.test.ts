import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { io } from "socket.io-client";
import type { DenialCode } from "../../../src/auth/authorizer.ts";
import { createLog } from "../../../src/ops/log.ts";
import { encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { inWords, providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { signWithSecret, tokenOf } from "../../support/bytes/token-signer.ts";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { upgradeStatus } from "../../support/clients/upgrade-status.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

/** A token that an endpoint refuses, and the expected denial. */
interface Credential {
  readonly token: () => Promise<string | undefined> | string | undefined;
  readonly code: DenialCode;
  readonly reason: string;
}

/** One endpoint: `enter` describes in words the result of a token, `denied` the expected result of a refusal. */
interface Endpoint {
  readonly enter: (token: string | undefined) => Promise<string>;
  readonly accepted: string;
  readonly denied: (credential: Credential) => string;
}

const room = "notes/1";
/** The rooms of all endpoints: a peer and a device enter rooms of their own. */
const everyRoom = { [room]: "write", "peerjs/peerjs": "read", peers: "read" } as const;
const audience = "yurt";
const good = () => tokenFor(everyRoom, { aud: audience, sub: "ann" });
const seconds = () => Date.now() / 1_000;

const credentials: Readonly<Record<string, Credential>> = {
  "no token": { token: () => undefined, code: "no-token", reason: "no token" },
  garbage: { token: () => "garbage", code: "malformed-token", reason: "not a JSON Web Token (JWT)" },
  "an API key": {
    token: () => "yk_0123456789_abcdefghij",
    code: "malformed-token",
    reason: "this is an API key, which is for /v1 alone: use a room token (yurt token ROOM)",
  },
  "a wrong signature": {
    token: () => signWithSecret(`not ${secret}`, { rooms: everyRoom, aud: audience, exp: seconds() + 60 }),
    code: "bad-signature",
    reason: "invalid token signature",
  },
  "no signature": {
    token: () => tokenOf({ alg: "none" }, { rooms: everyRoom, aud: audience, exp: seconds() + 60 }),
    code: "bad-signature",
    reason: "unsupported signing algorithm",
  },
  "an expired token": {
    token: () => tokenFor(everyRoom, { aud: audience, exp: seconds() - 61 }),
    code: "expired",
    reason: "token expired",
  },
  "a token for later": {
    token: () => tokenFor(everyRoom, { aud: audience, nbf: seconds() + 90 }),
    code: "not-yet-valid",
    reason: "token not yet valid (nbf)",
  },
  "a token for another audience": {
    token: () => tokenFor(everyRoom, { aud: "other" }),
    code: "wrong-audience",
    reason: "wrong audience (aud)",
  },
  "a token for another room": {
    token: () => tokenFor({ "notes/2": "write" }, { aud: audience }),
    code: "wrong-room",
    reason: "the token does not grant access to this room",
  },
  "a revoked token": {
    token: () => tokenFor(everyRoom, { aud: audience, jti: "revoked", iat: seconds() - 10 }),
    code: "revoked",
    reason: "permission revoked",
  },
};

let server: TestServer;
/** All lines of the server's log, of every level. */
const lines: string[] = [];
const log = createLog({ level: "trace", pretty: false, destination: { write: (line) => lines.push(line) } });
/** Every token that was shown at an endpoint. */
const shown = new Set<string>();

beforeAll(async () => {
  server = await startTestServer({
    auth: { mode: "token", secrets: [secret], audience },
    limits: { authenticationMs: 500 },
    log,
  });
  await revoke(server.url, { tokenId: "revoked" }, { aud: audience });
});
afterAll(() => server.stop());

const query = (token: string | undefined, parameter = "token") => (token === undefined ? "" : `?${parameter}=${token}`);
const kindOf = ({ code }: Credential) => {
  if (code === "wrong-room") return "forbidden";
  return code === "not-yet-valid" ? "early" : "unauthorized";
};
const statusOf = (credential: Credential) => (kindOf(credential) === "forbidden" ? 403 : 401);
/** How a client is closed that is to return, since its token is going to be valid. */
const closedForNow = "4503 not-yet-valid";
/** True if the token is invalid for every room, which the server decides before the upgrade. */
const isInvalidEverywhere = ({ code }: Credential) => !["no-token", "wrong-room", "revoked"].includes(code);
const [update] = tuple(
  1,
  updatesOf((doc) => void doc.getText("t").insert(0, "a")),
);

const endpoints: Readonly<Record<string, Endpoint>> = {
  "y-websocket": {
    accepted: "in",
    denied: (credential) => {
      const kind = kindOf(credential);
      return kind === "early" ? closedForNow : `${kind === "forbidden" ? 4403 : 4401} ${kind}: ${credential.reason}`;
    },
    enter: async (token) => {
      const client = await RawClient.connect(`${server.wsUrl}/sync/${room}${query(token)}`);
      await eventually("an answer", () => client.closed !== undefined || client.bodies(0).length > 0);
      if (client.closed !== undefined) return `${client.closed.code} ${client.denials[0] ?? client.closed.reason}`;
      await client.sync();
      await client.close();
      return "in";
    },
  },
  Hocuspocus: {
    accepted: "authenticated read-write",
    denied: (credential) =>
      kindOf(credential) === "early" ? closedForNow : `denied ${kindOf(credential)}: ${credential.reason}`,
    enter: async (token = "") => {
      const client = await RawClient.connect(`${server.wsUrl}/collab`);
      client.sendBytes(providerFrames(room).auth(token));
      await eventually("an answer", () => client.frames.length > 0 || client.closed !== undefined);
      if (client.closed !== undefined) return `${client.closed.code} ${client.closed.reason}`;
      const [answer = ""] = client.frames.map(inWords);
      await client.close();
      return answer.replace(`${room}: `, "");
    },
  },
  "y-webrtc": {
    accepted: "in",
    denied: (credential) => (isInvalidEverywhere(credential) ? `HTTP ${statusOf(credential)}` : "ignored"),
    enter: async (token) => {
      const path = `/signal${query(token)}`;
      const status = await upgradeStatus(server.port, path);
      if (status !== 101) return `HTTP ${status}`;
      const witness = await SignalingClient.connect(`${server.wsUrl}/signal${query(await good())}`);
      const client = await SignalingClient.connect(server.wsUrl + path);
      for (const each of [witness, client]) each.say({ type: "subscribe", topics: [room] });
      await witness.handled();
      await pause(50);
      client.say({ type: "publish", topic: room, data: "hello" });
      await client.handled();
      await pause(50);
      const isHeard = witness.received.some((frame) => frame.includes("hello"));
      await Promise.all([witness.close(), client.close()]);
      return isHeard ? "in" : "ignored";
    },
  },
  Cliffy: {
    accepted: "peers",
    denied: (credential) =>
      isInvalidEverywhere(credential) ? `HTTP ${statusOf(credential)}` : `error ${credential.reason}`,
    enter: (token) =>
      script(token, { type: "join", roomId: room, peerId: crypto.randomUUID() }, ({ type, message }) =>
        type === "error" ? `error ${message}` : String(type),
      ),
  },
  "OctateCode's peers": {
    accepted: "peerList",
    denied: (credential) =>
      isInvalidEverywhere(credential) ? `HTTP ${statusOf(credential)}` : `error ${credential.reason}`,
    enter: (token) =>
      script(token, { type: "auth", roomId: room, from: crypto.randomUUID(), data: {} }, (message) =>
        message["type"] === "error"
          ? `error ${Object(message["data"])["error"] ?? message["message"] ?? message["error"]}`
          : String(message["type"]),
      ),
  },
  "OctateCode's editor": {
    accepted: "auth-success",
    denied: (credential) =>
      isInvalidEverywhere(credential) ? `HTTP ${statusOf(credential)}` : `error ${credential.reason}`,
    enter: (token) => {
      const data = { roomId: room, userId: crypto.randomUUID(), token: null };
      return script(token, { type: "auth", data }, (message) =>
        message["type"] === "error" ? `error ${Object(message["data"]).message}` : String(message["type"]),
      );
    },
  },
  OctateCode: {
    accepted: "auth",
    denied: ({ code }) => {
      if (code === "no-token") return "error Missing auth token. Request token from /api/auth/token endpoint first.";
      if (code === "expired") return "error Token expired";
      if (code === "not-yet-valid") return "error Token not yet valid, try again";
      if (code === "wrong-room") return "error Not authorized for this room. Token is for another room";
      return "error Invalid or expired token";
    },
    enter: (token) =>
      script(
        undefined,
        { type: "auth", roomId: room, userId: "ann", data: { token }, timestamp: 1 },
        ({ type, data }) => (type === "error" ? `error ${Object(data).error}` : String(type)),
      ),
  },
  PeerJS: {
    accepted: "OPEN",
    denied: ({ reason }) => `ERROR ${reason}`,
    enter: async (token) => {
      const identity = `key=peerjs&id=${crypto.randomUUID()}&token=t&version=1.5.5`;
      const client = await ScriptSocket.connect(
        `${server.wsUrl}/peerjs/peerjs?${identity}${token === undefined ? "" : `&access_token=${token}`}`,
      );
      const { type, payload } = await client.next();
      await client.close();
      return payload === undefined ? String(type) : `${type} ${Object(payload).msg}`;
    },
  },
  Peers: {
    accepted: "connected",
    denied: (credential) => (kindOf(credential) === "early" ? "transport close" : `connect_error ${credential.reason}`),
    enter: async (token) => {
      const socket = io(server.url, { forceNew: true, transports: ["websocket"], auth: { token } });
      const outcome = await new Promise<string>((resolve) => {
        socket.on("connect", () => resolve("connected"));
        socket.on("connect_error", ({ message }) => resolve(`connect_error ${message}`));
        socket.io.on("close", (reason) => {
          if (reason === "transport close") resolve(reason);
        });
      });
      socket.disconnect();
      return outcome;
    },
  },
  API: {
    accepted: "200 undefined",
    denied: (credential) => (credential.code === "wrong-room" ? "404 not-found" : "401 unauthorized"),
    enter: (token) => http(`/v1/docs/${encodeURIComponent(room)}/awareness`, token, { state: {} }),
  },
  "GET /api/validate": {
    accepted: "200 undefined",
    denied: (credential) => `${statusOf(credential)} ${credential.code}`,
    enter: (token) => http(`/api/validate?room=${room}`, token),
  },
  "POST /api/auth/token": {
    accepted: "200 undefined",
    denied: (credential) => `${statusOf(credential)} undefined`,
    enter: (token) => http("/api/auth/token", token, { userId: "ann", roomId: room }),
  },
  "POST /api/tokens": {
    accepted: "403 not-admin",
    denied: (credential) => (credential.code === "wrong-room" ? "403 not-admin" : `401 ${credential.code}`),
    enter: (token) => http("/api/tokens", token, { rooms: { r: "read" } }),
  },
  "POST /api/revocations": {
    accepted: "403 not-admin",
    denied: (credential) => (credential.code === "wrong-room" ? "403 not-admin" : `401 ${credential.code}`),
    enter: (token) => http("/api/revocations", token, { user: "somebody" }),
  },
  "GET /api/rooms": {
    accepted: "403 undefined",
    denied: () => "403 undefined",
    enter: (token) => http("/api/rooms", token),
  },
};

async function script(
  token: string | undefined,
  message: Readonly<Record<string, unknown>>,
  inWords: (answer: Readonly<Record<string, unknown>>) => string,
): Promise<string> {
  const path = `/signal${query(token)}`;
  const status = await upgradeStatus(server.port, path);
  if (status !== 101) return `HTTP ${status}`;
  const client = await ScriptSocket.connect(server.wsUrl + path);
  client.say(message);
  const answer = inWords(await client.next());
  await client.close();
  return answer;
}

async function http(path: string, token: string | undefined, body?: object): Promise<string> {
  const response = await fetch(server.url + path, {
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
  return `${response.status} ${Object(await response.json()).code}`;
}

test("every endpoint that the server lists has a row", () => {
  const open = ["Demo", "Dashboard"];
  expect(server.endpoints.filter((label) => !open.includes(label) && endpoints[label] === undefined)).toEqual([]);
});

describe.each(Object.entries(endpoints))("%s", (_, endpoint) => {
  test("accepts a valid token", async () => {
    const token = await good();
    shown.add(token);
    expect(await endpoint.enter(token)).toBe(endpoint.accepted);
  });

  test.each(Object.entries(credentials))("refuses %s", async (_name, credential) => {
    const token = await credential.token();
    if (token !== undefined) shown.add(token);
    expect(await endpoint.enter(token)).toBe(endpoint.denied(credential));
  });
});

describe("with permission to read but not to write", () => {
  test("/sync stores no change, reports this once, and stays open", async () => {
    const token = await tokenFor({ [room]: "read" }, { aud: audience });
    const client = await RawClient.connect(`${server.wsUrl}/sync/${room}${query(token)}`);
    client.sendBytes(encodeMessage({ type: "update", update }));
    client.sendBytes(encodeMessage({ type: "update", update }));
    await client.sync();
    expect([client.denials.length, client.updates, client.closed]).toEqual([1, [], undefined]);
    await client.close();
  });

  test("/collab reports `readonly`, and refuses each change", async () => {
    const client = await RawClient.connect(`${server.wsUrl}/collab`);
    const frames = providerFrames(room);
    client.sendBytes(frames.auth(await tokenFor({ [room]: "read" }, { aud: audience })));
    client.sendBytes(frames.update(update));
    await eventually("an answer", () => client.frames.length >= 2);
    expect(client.frames.map(inWords)).toEqual([`${room}: authenticated readonly`, `${room}: status 0`]);
    await client.close();
  });
});

test("the log contains no token and no name of a room", () => {
  const codes = new Set(lines.map((line) => JSON.parse(line).code));
  expect(codes).toContain("wrong-room");
  const secrets = [secret, room, ...shown].filter((word) => lines.some((line) => line.includes(word)));
  expect([shown.size > 9, secrets]).toEqual([true, []]);
});
