import { describe, expect, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { parseMetrics } from "../../support/prometheus-text.ts";

function setUp() {
  const { registry, traffic } = createMetrics();
  const firsts: string[] = [];
  traffic.whenFirstOpened((protocol) => firsts.push(protocol));
  /** The values of the protocol that are not 0, by the metrics' names. */
  const shown = async (protocol: string) =>
    Object.fromEntries(
      [...parseMetrics(await registry.metrics())].flatMap(([name, { samples }]) => {
        const value = samples.find(({ labels }) => labels["protocol"] === protocol)?.value ?? 0;
        return value === 0 ? [] : [[name.replace(/^yurt_/, ""), value]];
      }),
    );
  return { traffic, firsts, shown };
}

describe("the traffic of a protocol", () => {
  test("is shown by frames and bytes in both directions", async () => {
    const { traffic, shown } = setUp();
    const sync = traffic.of("y-websocket");
    sync.received(10);
    sync.received(5);
    sync.sent(7);
    expect(await shown("y-websocket")).toEqual({
      ...{ received_frames_total: 2, received_bytes_total: 15, sent_frames_total: 1, sent_bytes_total: 7 },
    });
    expect(await shown("hocuspocus")).toEqual({});
  });

  test("has a published frame once, and as often as it is sent", async () => {
    const { traffic, shown } = setUp();
    const sync = traffic.of("y-websocket");
    sync.published(10, 3);
    // The only member has sent it, or has just left.
    sync.published(10, 0);
    sync.published(10, -1);
    expect(await shown("y-websocket")).toEqual({
      ...{ published_frames_total: 3, deliveries_total: 3, sent_frames_total: 3, sent_bytes_total: 30 },
    });
  });

  test("without a name in the fixed set is in no metric", async () => {
    const { traffic, firsts, shown } = setUp();
    traffic.of("unknown").sent(1);
    traffic.sessionOpened("unknown");
    expect([await shown("unknown"), firsts]).toEqual([{}, []]);
  });
});

describe("sessions", () => {
  test("are counted while they are open, and when they are opened", async () => {
    const { traffic, shown } = setUp();
    traffic.sessionOpened("peerjs");
    traffic.sessionOpened("peerjs");
    traffic.sessionClosed("peerjs");
    expect(await shown("peerjs")).toEqual({ sessions: 1, opened_sessions_total: 2 });
  });

  test("are those of their dialect once it is known", async () => {
    const { traffic, shown } = setUp();
    traffic.sessionOpened("json-signaling");
    traffic.sessionRecognised("json-signaling", "cliffy");
    expect([await shown("json-signaling"), await shown("cliffy")]).toEqual([
      { opened_sessions_total: 1 },
      { sessions: 1, opened_sessions_total: 1 },
    ]);
    traffic.sessionForgotten("cliffy", "json-signaling");
    traffic.sessionClosed("json-signaling");
    expect([await shown("json-signaling"), await shown("cliffy")]).toEqual([
      { opened_sessions_total: 1 },
      { opened_sessions_total: 1 },
    ]);
  });

  test("are reported with the first of each protocol, and not with a connection that is yet of none", () => {
    const { traffic, firsts } = setUp();
    for (const protocol of ["json-signaling", "y-websocket", "engine.io"]) traffic.sessionOpened(protocol);
    traffic.sessionRecognised("json-signaling", "y-webrtc");
    traffic.sessionClosed("y-websocket");
    traffic.sessionOpened("y-websocket");
    expect(firsts).toEqual(["y-websocket", "y-webrtc"]);
    const later: string[] = [];
    traffic.whenFirstOpened((protocol) => later.push(protocol));
    traffic.sessionOpened("peerjs");
    expect(later).toEqual([...firsts, "peerjs"]);
  });
});
