import * as v from "valibot";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

/** The addresses and URLs of the server, and the proxies before it. */
export const networkOptions = {
  host: option({
    kind: "text",
    schema: schemas.host,
    default: "127.0.0.1",
    expected: "an IP address or host name without a port, such as 127.0.0.1, ::1 or 0.0.0.0",
    help: "address to listen on; localhost means 127.0.0.1 and ::1; any but a loopback address needs --auth-mode",
    group: "Network",
    placeholder: "address",
  }),
  port: option({
    kind: "number",
    schema: schemas.port,
    default: 4444,
    expected: "a whole number from 0 to 65535 (0 takes any free port)",
    help: "port to listen on; 0 takes any free port",
    group: "Network",
    placeholder: "port",
    platformVariable: "PORT",
  }),
  "compat-ports": option({
    kind: "numbers",
    schema: schemas.ports,
    default: [],
    example: [8080, 3001, 9000],
    expected: "port numbers separated by commas, such as 8080,3001,9000",
    help: "extra ports to listen on, for clients with a hard-coded port: 8080 (Cliffy), 3001 (OctateCode), 9000 (PeerJS)",
    group: "Network",
    placeholder: "ports",
  }),
  "public-url": option<URL | undefined>({
    kind: "text",
    schema: v.optional(schemas.serverUrl),
    default: undefined,
    example: "https://collab.example.com",
    expected: "an http:// or https:// URL without a user and a query, such as https://collab.example.com",
    help: "URL at which clients reach Yurt through a reverse proxy; shown in the banner and the demo, and accepted as Host and Origin",
    group: "Network",
    placeholder: "url",
  }),
  "base-path": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.urlPath),
    default: undefined,
    example: "/yurt",
    expected: "a path that begins with a slash, such as /yurt",
    help: "path below which a reverse proxy serves Yurt; removed from requests that have it (default: the path of --public-url)",
    group: "Network",
    placeholder: "path",
  }),
  "proxy.trusted": option({
    kind: "texts",
    schema: schemas.addressRanges,
    default: [],
    example: ["127.0.0.1", "10.0.0.0/8"],
    expected: "IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8",
    help: "trusted reverse proxies (IP or CIDR); their X-Forwarded-For is used as the client address",
    group: "Network",
    placeholder: "addresses",
    isReloadable: true,
  }),
};
