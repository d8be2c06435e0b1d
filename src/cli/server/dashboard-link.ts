import { linkUrl } from "../../admin/entry/entry-routes.ts";
import type { RunningServer } from "../../server.ts";

/**
 * The URL of the dashboard with a code that is valid once, for half an hour. Undefined if the server has no dashboard, or
 * cannot keep the link in the database of its cluster.
 */
export async function dashboardLink({
  createAdminLink,
  endpoints,
}: Pick<RunningServer, "createAdminLink" | "endpoints">): Promise<string | undefined> {
  const dashboard = endpoints.find(({ label }) => label === "Dashboard");
  if (dashboard === undefined) return undefined;
  try {
    return linkUrl(dashboard.url, (await createAdminLink()).code);
  } catch {
    return undefined;
  }
}
