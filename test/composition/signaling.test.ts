import { expect, test } from "bun:test";
import { pino } from "pino";
import { openAuthorizer } from "../../src/auth/open-authorizer.ts";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { openSignaling } from "../../src/composition/signaling.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { originPolicyOf } from "../../src/transport/admission/origin-policy.ts";
import { administration } from "../support/clients/http-callers.ts";
import { settled } from "../support/eventually.ts";
import { openFakeChannel } from "../support/fakes/fake-channel.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { testShares } from "../support/test-shares.ts";

function setUp() {
  const clock = new FakeClock();
  const part = openSignaling({
    clock,
    authorizer: openAuthorizer,
    administration,
    iceServers: { listFor: () => ({ iceServers: [], ttl: 60 }) },
    limits: defaultLimits,
    log: pino({ level: "silent" }),
    metrics: createMetrics(),
    openChannel: openFakeChannel,
    ...testShares(),
    addresses: new CountedAddresses(),
    originPolicy: originPolicyOf("127.0.0.1", []),
    peerjs: { key: "peerjs", discoveryEnabled: false },
    lingerMs: 0,
  });
  return { part, clock };
}

test("signaling that was not drained ends its Socket.IO sessions when it is disposed of", async () => {
  const { part } = setUp();
  const ask = async (query = "") => {
    const request = new Request(`http://localhost/socket.io/?EIO=4&transport=polling${query}`);
    const response = await part.engines?.[0]?.answer(request, { remoteAddress: "127.0.0.1", upgrade: () => false });
    return response?.text();
  };
  const { sid } = JSON.parse(String(await ask()).slice(1));
  const waiting = ask(`&sid=${sid}`);
  await settled();
  await part[Symbol.asyncDispose]();
  expect(await waiting).toBe("1");
  expect(await ask(`&sid=${sid}`)).toContain("Session ID unknown");
});

test("signaling shows an endpoint for each protocol, the JSON dialects first", async () => {
  const { part } = setUp();
  expect(part.endpoints?.map(({ label }) => label)).toEqual(["y-webrtc", "PeerJS", "Peers"]);
  await part[Symbol.asyncDispose]();
});
