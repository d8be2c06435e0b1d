import { authorityOf, reachableHost } from "../../lib/address/authority.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import { closing } from "../admission/http-answers.ts";
import { listenOnAll } from "../listening/listening-addresses.ts";
import type { HttpClient } from "../protocol.ts";

export interface HttpListenerOptions {
  /** A hostname or address. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly fetch: (request: Request, client: HttpClient) => Response | Promise<Response>;
  readonly limitedLog: LimitedLog;
}

/** A port that serves HTTP alone, to everyone who reaches it. */
export interface HttpListener {
  /** The base URL for a client on this machine, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Throws the system's error (EADDRINUSE, EACCES, …) when it cannot listen. */
export function openHttpListener({ host, port, fetch, limitedLog }: HttpListenerOptions): HttpListener {
  const listen = (address: string, onPort: number) =>
    Bun.serve({
      hostname: address,
      port: onPort,
      // As in `Listener`.
      development: false,
      reusePort: false,
      fetch: async (request, server) =>
        closing(request, await fetch(request, { remoteAddress: server.requestIP(request)?.address ?? "" })),
      error: (error) => {
        limitedLog.error({ event: "request-crashed", err: error });
        return new Response("Internal error\n", { status: 500 });
      },
    });
  const servers = listenOnAll({ host, port, listen });
  return {
    url: `http://${authorityOf(reachableHost(host), servers[0]?.port ?? port)}`,
    close: async () => {
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}
