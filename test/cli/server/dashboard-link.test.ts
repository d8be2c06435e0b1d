import { expect, test } from "bun:test";
import { dashboardLink } from "../../../src/cli/server/dashboard-link.ts";

const createAdminLink = async () => ({ code: "c0de", expiresAt: 0 });

test("the link to the dashboard has a code in its fragment", async () => {
  const endpoints = [
    { label: "Demo", url: "https://example.com/yurt/" },
    { label: "Dashboard", url: "https://example.com/yurt/admin" },
  ];
  expect(await dashboardLink({ createAdminLink, endpoints })).toBe("https://example.com/yurt/admin#code=c0de");
});

test("a server without a dashboard has no link to it", async () => {
  expect(await dashboardLink({ createAdminLink, endpoints: [] })).toBeUndefined();
});
