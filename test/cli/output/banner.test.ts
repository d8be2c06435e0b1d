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
  networkUrls: [],
  isLoopback: true,
  mode: "open",
};

describe("the banner", () => {
  test("names the endpoints, the data folder and who can connect", () => {
    expect(banner(facts)).toBe(`yurt 0.1.0 · ready in 31 ms

  ├─ Demo          http://127.0.0.1:4444/
  ├─ y-websocket   ws://127.0.0.1:4444/sync
  └─ y-webrtc      ws://127.0.0.1:4444/signal

  Data     ./yurt-data (new)
  Access   local only. To share: yurt --host 0.0.0.0 --auth-mode token
           On the internet, with HTTPS: yurt serve DOMAIN --auth-mode token

  Try it   new WebsocketProvider("ws://127.0.0.1:4444/sync", "demo", doc)

`);
  });

  test("names the address of the metrics, if they have one of their own", () => {
    const screen = banner({ ...facts, metricsUrl: "http://127.0.0.1:9464/metrics" });
    expect(screen).toContain("\n  Metrics  http://127.0.0.1:9464/metrics\n  Data ");
  });

  test("calls only a new data folder new", () => {
    const screen = banner({ ...facts, data: { folder: "/srv/yurt", isNew: false } });
    expect(screen).toContain("\n  Data     /srv/yurt\n");
  });

  const httpsHint = "no HTTPS. Use yurt serve DOMAIN, or a reverse proxy";
  const open = "open: anyone who can reach it can read and change all documents";
  test.each([
    ["open", false, `${open}\n           ${httpsHint}`],
    ["token", true, "token required (create one: yurt token ROOM) · local only"],
    ["token", false, `token required (create one: yurt token ROOM)\n           ${httpsHint}`],
    ["webhook", true, "your app decides (webhook) · local only"],
    ["webhook", false, `your app decides (webhook)\n           ${httpsHint}`],
  ] as const)("says who can connect with %s, on loopback %p", (mode, isLoopback, lines) => {
    const text = banner({ ...facts, mode, isLoopback });
    expect(text).toContain(`\n  Access   ${lines}\n`);
    expect(text.split("\n").every((line) => line.length <= 80)).toBeTrue();
  });

  test.each([
    ["https", "open: anyone who can reach it can read and change all documents"],
    ["http", `open: anyone who can reach it can read and change all documents\n           ${httpsHint}`],
  ])("shows the address on this machine beside the public endpoints over %s", (scheme, access) => {
    const endpoints = [{ label: "Demo", url: `${scheme}://collab.example/` }];
    const publicUrl = { isEncrypted: scheme === "https", local: "http://127.0.0.1:4444" };
    const text = banner({ ...facts, endpoints, publicUrl });
    expect(text).toContain("\n  Local    http://127.0.0.1:4444/\n");
    expect(text).toContain(`\n  Access   ${access}\n`);
  });

  test("shows where other machines find the server", () => {
    const text = banner({
      ...facts,
      isLoopback: false,
      networkUrls: ["http://192.0.2.20:4444/", "http://[2001:db8::1]:4444/"],
    });
    expect(text).toContain("\n  Network  http://192.0.2.20:4444/\n           http://[2001:db8::1]:4444/\n");
  });

  test("says where secrets are, and shows a call with a token, where one is needed", () => {
    const guarded = banner({ ...facts, mode: "token", secretsFile: "./yurt-data/secrets.json" });
    expect(guarded).toContain("\n  Data     ./yurt-data (new)\n  Secrets  ./yurt-data/secrets.json\n");
    expect(guarded).toContain(
      '  Try it   new WebsocketProvider("ws://127.0.0.1:4444/sync", "demo", doc,\n             { params: { token } })\n',
    );
    const endpoints = facts.endpoints.filter(({ label }) => label !== "y-websocket");
    expect(banner({ ...facts, mode: "webhook", endpoints })).toContain(
      'new WebrtcProvider("demo", doc,\n             { signaling: ["ws://127.0.0.1:4444/signal?token=" + token] })',
    );
  });

  test("shows a call with a long URL in two lines that fit", () => {
    const endpoints = [{ label: "y-websocket", url: "wss://collab.example.com:4443/sync" }];
    expect(banner({ ...facts, mode: "token", endpoints })).toContain(
      '  Try it   new WebsocketProvider("wss://collab.example.com:4443/sync", "demo",\n             doc, { params: { token } })\n',
    );
  });

  test("has a link to the demo with a token, which a terminal can wrap", () => {
    const demoLink = `http://127.0.0.1:4444/?room=demo#token=${"x".repeat(150)}`;
    expect(banner({ ...facts, mode: "token", demoLink })).toEndWith(`{ params: { token } })

  Open the demo with this link, which is valid for 30 minutes:

${demoLink}

`);
  });

  test("has the link to the dashboard last, in the first column", () => {
    const dashboardLink = `http://127.0.0.1:4444/admin#code=${"x".repeat(43)}`;
    expect(banner({ ...facts, dashboardLink })).toEndWith(`
  Open the dashboard with this link, which is valid once, for 30 minutes:

${dashboardLink}

`);
  });

  test("of a server without documents shows no document protocol", () => {
    const { data: _, ...withoutData } = facts;
    const endpoints = facts.endpoints.filter(({ label }) => label !== "y-websocket");
    expect(banner({ ...withoutData, endpoints, isLoopback: false })).toBe(
      `yurt 0.1.0 · ready in 31 ms

  ├─ Demo       http://127.0.0.1:4444/
  └─ y-webrtc   ws://127.0.0.1:4444/signal

  Access   open: anyone who can reach it can use it
           no HTTPS. Use yurt serve DOMAIN, or a reverse proxy

  Try it   new WebrtcProvider("demo", doc,
             { signaling: ["ws://127.0.0.1:4444/signal"] })

`,
    );
  });
});
