import type { LimitedLog } from "../../ops/limited-log.ts";
import { type HttpListener, openHttpListener } from "../monitoring/http-listener.ts";

export interface HttpRedirectOptions {
  /** A hostname or address. */
  readonly host: string;
  /** The port for plain HTTP; 0 takes any free one. */
  readonly port: number;
  /** The port of HTTPS. */
  readonly httpsPort: number;
  /** The names that the server has. Requests for another are sent to the first; without any, all names are its own. */
  readonly names: readonly string[];
  /** False: all that `respond` does not answer is not found. */
  readonly isRedirecting: boolean;
  /** Answers a path over plain HTTP; undefined for those that are redirected. */
  readonly respond: (pathname: string) => Response | undefined;
  readonly limitedLog: LimitedLog;
}

const defaultPort = 443;

/**
 * Answers plain HTTP by a redirect to the same URL with HTTPS. Throws the system's error, with the `port` and the
 * `setting`, when it cannot listen.
 */
export function openHttpRedirect(options: HttpRedirectOptions): HttpListener {
  const { port, respond } = options;
  const fetch = (request: Request) => {
    const url = URL.parse(request.url);
    if (url === null) return new Response("Bad host\n", { status: 400 });
    return respond(url.pathname) ?? redirect(url, options);
  };
  try {
    return openHttpListener({ ...options, fetch });
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { port, setting: "tls.http-port" as const }) : error;
  }
}

function redirect({ hostname, pathname, search }: URL, options: HttpRedirectOptions): Response {
  const { httpsPort, isRedirecting, names } = options;
  if (!isRedirecting) return new Response("Not found\n", { status: 404 });
  const [first = hostname] = names;
  const name = names.includes(hostname) ? hostname : first;
  const origin = `https://${name}${httpsPort === defaultPort ? "" : `:${httpsPort}`}`;
  // 308 keeps the method, where browsers change it to GET for 301.
  return new Response(`This server is at ${origin}\n`, {
    status: 308,
    headers: { location: origin + pathname + search },
  });
}
