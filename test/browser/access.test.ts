import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { haveText, meshed, relayed } from "../support/browser/page.ts";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
const auth = { mode: "token", secrets: [secret] } as const;
/** Chromium logs these errors for a response with 401 or 403, and for a WebSocket that is refused before its upgrade. */
const tolerated = [/status of 40[13]/, /WebSocket connection to .* failed/];

test("a token in the address gives access over both transports, and the link to share does not contain it", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people(server);
  const token = await tokenFor({ "notes/*": "write" });
  const pages = [await people.enter("notes/1", { token }), await people.enter("notes/1", { token })] as const;
  await meshed(pages);
  await relayed(pages);
  await pages[0].type("let in");
  await haveText(pages, "let in");
  expect(await pages[0].page.getByText("This server requires a token").count()).toBe(0);
  expect(await pages[0].page.locator(".link").textContent()).not.toContain("token");
});

test("without a token, or with an expired one, the page shows the reason", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people({ ...server, url: server.url, tolerated });
  const stranger = await people.enter("notes/1");
  await eventually("the missing token is named", async () =>
    (await stranger.syncText()).includes("Access denied (no token)"),
  );
  expect(await stranger.page.getByText("yurt token 'notes/1'").count()).toBe(1);
  const expired = await people.enter("notes/1", { token: await tokenFor({ "**": "write" }, { exp: 1 }) });
  await eventually("the expiry is named", async () => (await expired.syncText()).includes("(token expired)"));
  expect(await expired.page.getByText("This server requires a token").count()).toBe(0);
});
