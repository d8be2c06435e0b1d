import { describe, expect, test } from "bun:test";
import { type BannerFacts, banner } from "../../../src/cli/output/banner.ts";

const facts: BannerFacts = {
  version: "0.1.0",
  readyMs: 30.6,
  endpoints: [
    { label: "Demo", url: "http://127.0.0.1:4444/" },
    { label: "y-websocket", url: "ws://127.0.0.1:4444/sync" },
    { label: "y-webrtc", url: "ws://127.0.0.1:4444/signal" },
  ],
  data: { folder: "./yurt-data", isNew: true },
  address: "127.0.0.1:4444",
  isLoopback: true,
  mode: "open",
};

describe("the first screen", () => {
  test("names what listens, where documents are and who may enter", () => {
    expect(banner(facts)).toBe(`yurt 0.1.0 · ready in 31 ms

  ├─ Demo          http://127.0.0.1:4444/
  ├─ y-websocket   ws://127.0.0.1:4444/sync
  └─ y-webrtc      ws://127.0.0.1:4444/signal

  Data  ./yurt-data (new)
  Mode  this machine only. For other machines:  yurt --host 0.0.0.0 --auth-mode open

  Try it:  new WebsocketProvider("ws://127.0.0.1:4444/sync", "demo", doc)

`);
  });

  test("calls only a new data folder new", () => {
    const screen = banner({ ...facts, data: { folder: "/srv/yurt", isNew: false } });
    expect(screen).toContain("\n  Data  /srv/yurt\n");
  });

  test("says that an open server is open to everyone, without HTTPS", () => {
    const screen = banner({ ...facts, address: "0.0.0.0:4444", isLoopback: false });
    expect(screen).toContain(
      "\n  Mode  open, without HTTPS: everyone who reaches 0.0.0.0:4444 may read and change every document\n",
    );
  });

  test.each([
    ["token", true, "token, this machine only: who has a token may enter its rooms (yurt token ROOM mints one)"],
    ["token", false, "token, without HTTPS: who has a token may enter its rooms (yurt token ROOM mints one)"],
    ["webhook", true, "webhook, this machine only: your application says who may enter"],
    ["webhook", false, "webhook, without HTTPS: your application says who may enter"],
  ] as const)("says who may enter with %s, on loopback %p", (mode, isLoopback, line) => {
    expect(banner({ ...facts, mode, isLoopback })).toContain(`\n  Mode  ${line}\n`);
  });

  test("says where secrets are, and tries it with a token, where one is needed", () => {
    const guarded = banner({ ...facts, mode: "token", secretsFile: "./yurt-data/secrets.json" });
    expect(guarded).toContain("\n  Data  ./yurt-data (new)     Secrets  ./yurt-data/secrets.json\n");
    expect(guarded).toContain('new WebsocketProvider("ws://127.0.0.1:4444/sync", "demo", doc, { params: { token } })');
    const endpoints = facts.endpoints.filter(({ label }) => label !== "y-websocket");
    expect(banner({ ...facts, mode: "webhook", endpoints })).toContain(
      'new WebrtcProvider("demo", doc, { signaling: ["ws://127.0.0.1:4444/signal?token=" + token] })',
    );
  });

  test("of a server without documents shows no relay", () => {
    const { data: _, ...withoutData } = facts;
    const endpoints = facts.endpoints.filter(({ label }) => label !== "y-websocket");
    expect(banner({ ...withoutData, endpoints, address: "[::]:4444", isLoopback: false })).toBe(
      `yurt 0.1.0 · ready in 31 ms

  ├─ Demo       http://127.0.0.1:4444/
  └─ y-webrtc   ws://127.0.0.1:4444/signal

  Mode  open, without HTTPS: everyone who reaches [::]:4444 may use it

  Try it:  new WebrtcProvider("demo", doc, { signaling: ["ws://127.0.0.1:4444/signal"] })

`,
    );
  });
});
