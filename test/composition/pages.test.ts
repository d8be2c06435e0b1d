import { expect, test } from "bun:test";
import { pino } from "pino";
import { openPages } from "../../src/composition/pages.ts";

test("the demo learns the public URL", async () => {
  const auth = { mode: "open", secrets: [], readersShowPresence: true } as const;
  const publicUrl = new URL("https://collab.example/yurt");
  await using pages = openPages({ auth, syncEnabled: true, publicUrl, log: pino({ level: "silent" }) });
  const response = await pages.routes?.request("/demo/config.json");
  expect(await response?.json()).toMatchObject({ publicUrl: "https://collab.example/yurt" });
});

test("the demo learns which server this is, anew each time", async () => {
  const auth = { mode: "token", secrets: [], readersShowPresence: true } as const;
  await using pages = openPages({ auth, syncEnabled: false, publicUrl: undefined, log: pino({ level: "silent" }) });
  const response = await pages.routes?.request("/demo/config.json");
  expect(await response?.json()).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    sync: false,
    mode: "token",
  });
  expect(response?.headers.get("cache-control")).toBe("no-store");
  expect(response?.headers.get("x-content-type-options")).toBe("nosniff");
});
