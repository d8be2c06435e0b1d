import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { haveText, meshed } from "../support/browser/page.ts";
import { storedRows } from "../support/bytes/stored.ts";
import { SignalingClient } from "../support/clients/signaling-client.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

test("a room with a password connects only browsers that have it, and the server cannot read the text", async () => {
  await using server = await startTestServer();
  // A frame that y-webrtc cannot decrypt causes an unhandled rejection.
  await using people = chromium.people({ url: server.url, tolerated: [/OperationError/] });
  const ear = await SignalingClient.connect(`${server.wsUrl}/signal`);
  ear.say({ type: "subscribe", topics: ["secret room"] });
  await ear.handled();
  const mallory = await people.enter("secret room", { password: "guess" });
  const friends = await people.enterBoth("secret room", { password: "open sesame" });
  const [alice, bob] = friends;
  await meshed(friends);
  await alice.type("between us");
  await haveText(friends, "between us");
  await bob.type(" two");
  await haveText(friends, "between us two");
  expect(await mallory.text()).toBe("");
  expect(await mallory.peers()).toEqual([]);
  expect(await Promise.all(friends.map((page) => page.isOnRelay()))).toEqual([false, false]);
  expect(storedRows(server.dataFolder)).toBe(0);
  const published = ear.received.map((frame) => JSON.parse(frame)).filter(({ type }) => type === "publish");
  expect(published.length).toBeGreaterThan(0);
  expect(published.filter(({ data }) => typeof data !== "string" || !/^[A-Za-z0-9+/]+=*$/.test(data))).toEqual([]);
  await ear.close();
});

test("the password never reaches the server", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const friends = await people.enterBoth("whispered", { password: "open sesame" });
  const requested: string[] = [];
  for (const { page } of friends) page.on("request", (request) => requested.push(request.url()));
  await Promise.all(friends.map(({ page }) => page.reload()));
  await Promise.all(friends.map((friend) => friend.ready()));
  await meshed(friends);
  expect(requested.length).toBeGreaterThan(0);
  expect(requested.filter((url) => /open|sesame/.test(url.split("#")[0] ?? ""))).toEqual([]);
  // A page may have connected to the other one just before that reloaded. y-protocols keeps an awareness state that came
  // over WebRTC alone for 30 s.
  await eventually("they see each other", async () => (await friends[0].people.count()) === 2, 40_000);
});
