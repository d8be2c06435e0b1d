import { join } from "node:path";
import { Hono } from "hono";
import packageJson from "../../package.json" with { type: "json" };
import type { Log } from "../ops/log.ts";
import { type Assets, openAssets } from "../transport/pages/assets.ts";
import { assetsRefresher } from "../transport/pages/source-assets.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import type { Part } from "./part.ts";
import type { ServerOptions } from "./server-options.ts";

/** The part of a server that browsers see: the demo. */
export interface Pages extends Part {
  /** Answers every path that names a page or one of its files. */
  readonly assets: Assets;
}

export function openPages({
  auth,
  syncEnabled,
  publicUrl,
  log,
}: Pick<ServerOptions, "auth" | "syncEnabled" | "publicUrl" | "log">): Pages {
  // The demo asks for these facts before it starts.
  const facts = { version: packageJson.version, sync: syncEnabled, mode: auth.mode, publicUrl: publicUrl?.href };
  const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  const routes = new Hono<HttpEnvironment>();
  routes.get("/demo/config.json", (context) => context.json(facts, 200, headers));
  return {
    assets: openBuiltAssets(publicUrl, log),
    routes,
    endpoints: [{ label: "Demo", scheme: "http", path: "/" }],
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The executable carries its pages. From source they are built when a browser asks for them. */
function openBuiltAssets(publicUrl: URL | undefined, log: Log): Assets {
  const hosts = publicUrl === undefined ? [] : [publicUrl.host];
  if (Bun.isStandaloneExecutable) return openAssets({ path: join(import.meta.dir, "web"), hosts });
  const root = join(import.meta.dir, "..", "..");
  return openAssets({ path: join(root, "dist", "development"), hosts, refresh: assetsRefresher(root, log) });
}
