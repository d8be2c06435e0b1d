import { join } from "node:path";
import { Hono } from "hono";
import packageJson from "../../package.json" with { type: "json" };
import { authorityOf } from "../lib/address/authority.ts";
import { whyNotLocal } from "../lib/address/local-request.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import { networkAddresses } from "../lib/address/network-addresses.ts";
import type { Log } from "../ops/log.ts";
import { type Assets, openAssets } from "../transport/pages/assets.ts";
import { assetsRefresher } from "../transport/pages/source-assets.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import type { Part } from "./part.ts";
import type { ServerOptions } from "./server-options.ts";

/** The part of a server that browsers see: the demo, the connection test and the dashboard. */
export interface Pages extends Part {
  /** Answers every path that names a page or one of its files. */
  readonly assets: Assets;
}

export type PagesOptions = Pick<ServerOptions, "host" | "https" | "auth" | "syncEnabled" | "publicUrl" | "log">;

export function openPages({ host, https, auth, syncEnabled, publicUrl, log }: PagesOptions): Pages {
  // The demo asks for these facts before it starts, and when it has connected again.
  const facts = {
    version: packageJson.version,
    startedAt: Date.now(),
    sync: syncEnabled,
    mode: auth.mode,
    publicUrl: publicUrl?.href,
    local: isLoopback(host),
  };
  // No certificate is for an address, and a public URL is a better one.
  const hasNetworkUrls = https === undefined && publicUrl === undefined;
  const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  const routes = new Hono<HttpEnvironment>();
  routes.get("/demo/config.json", ({ env, json, req }) => {
    // A page that was opened by a name of this machine learns how others reach it. Other pages do not learn the addresses.
    const isTold = hasNetworkUrls && whyNotLocal(env.remoteAddress, req.raw.headers) === undefined;
    return json({ ...facts, networkUrls: isTold ? networkUrls(host, new URL(req.url)) : [] }, 200, headers);
  });
  return {
    assets: openBuiltAssets(publicUrl, log),
    routes,
    endpoints: [
      { label: "Demo", scheme: "http", path: "/" },
      { label: "Dashboard", scheme: "http", path: "/admin" },
    ],
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The URLs at which other machines reach the port of this request. */
function networkUrls(host: string, { port }: URL): readonly string[] {
  return networkAddresses(host).map((address) => `http://${authorityOf(address, Number(port || 80))}/`);
}

/** The executable carries its pages. From source they are built when a browser asks for them. */
function openBuiltAssets(publicUrl: URL | undefined, log: Log): Assets {
  const hosts = publicUrl === undefined ? [] : [publicUrl.host];
  if (Bun.isStandaloneExecutable) return openAssets({ path: join(import.meta.dir, "web"), hosts });
  const root = join(import.meta.dir, "..", "..");
  return openAssets({ path: join(root, "dist", "development"), hosts, refresh: assetsRefresher(root, log) });
}
