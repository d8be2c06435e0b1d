import { expect, test } from "bun:test";
import { launchFirefox } from "../../support/browser/firefox.ts";
import { findProgram, installCommand } from "../../support/processes/programs.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const firefoxPath = findProgram("firefox");
if (firefoxPath === undefined) {
  console.warn(`no Firefox found, its test is skipped. To install it: ${installCommand(["firefox"])}`);
}

test.skipIf(firefoxPath === undefined)(
  "in Firefox, which does not say why ICE servers fail, the test ends with the same verdict",
  async () => {
    await using server = await startTestServer({ turn: {} });
    await using firefox = await launchFirefox(firefoxPath ?? "");
    const page = await firefox.newPage();
    await page.goto(`${server.url}/check`);
    await page.waitForSelector("[data-run]:not([data-tone=running])", { timeout: 60_000 });
    const states: Readonly<Record<string, string>> = await page.$$eval("[data-step]", (rows) =>
      Object.fromEntries(rows.map((row) => [row.getAttribute("data-step"), row.getAttribute("data-state")])),
    );
    expect(await page.$eval(".verdict-title", (title) => title.textContent)).toBe("Peers connect directly");
    // The machine's own address is its reflexive one, too: Firefox 140 leaves such a candidate out, Firefox 153 does not.
    const stun = Object.keys(states).filter((step) => step.startsWith("url:stun:"));
    expect(stun).toHaveLength(1);
    for (const step of stun) expect(["ok", "warning"]).toContain(states[step] ?? "");
    expect(Object.entries(states).filter(([step, state]) => state !== "ok" && !stun.includes(step))).toEqual([]);
  },
  90_000,
);
