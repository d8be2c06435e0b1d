import { linkUrl } from "../../admin/entry/entry-routes.ts";
import type { RunningServer } from "../../server.ts";

/** The URL of the dashboard with a code that is valid once, for half an hour. Undefined if the server has no dashboard. */
export function dashboardLink({
  createAdminLink,
  endpoints,
}: Pick<RunningServer, "createAdminLink" | "endpoints">): string | undefined {
  const dashboard = endpoints.find(({ label }) => label === "Dashboard");
  return dashboard && linkUrl(dashboard.url, createAdminLink().code);
}
