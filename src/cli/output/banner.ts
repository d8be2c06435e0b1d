import { terminalColumns } from "./wrapped.ts";

/** The facts that the banner shows. Only a protocol that listens has an endpoint. */
export interface BannerFacts {
  readonly version: string;
  readonly readyMs: number;
  readonly endpoints: readonly { readonly label: string; readonly url: string }[];
  /** Where other machines find the demo; empty unless the server listens on all addresses. */
  readonly networkUrls: readonly string[];
  /** The configuration file that was read. */
  readonly configurationFile?: string;
  /** The URL of the metrics on an address of their own. */
  readonly metricsUrl?: string;
  /** The database with the documents; undefined for documents in the data folder. */
  readonly database?: string;
  /** Undefined when nothing is stored on this machine. */
  readonly data?: { readonly folder: string; readonly isNew: boolean };
  /** The file of the secrets that the server has generated; undefined when it uses none of them. */
  readonly secretsFile?: string;
  readonly isLoopback: boolean;
  /** The URL of the endpoints is that of a reverse proxy; `local` is the URL on this machine. */
  readonly publicUrl?: { readonly isEncrypted: boolean; readonly local: string };
  /** The server itself does HTTPS. */
  readonly https?: {
    readonly certificate: { readonly expiresAt: number } | undefined;
    /** The URL of the port for plain HTTP. */
    readonly httpUrl: string | undefined;
  };
  /** The access mode; `auth.mode`. */
  readonly mode: "open" | "token" | "webhook";
  /** The URL of the demo with a token in it. */
  readonly demoLink?: string;
  /** The URL of the dashboard with a code in it that is valid once. */
  readonly dashboardLink?: string;
}

const httpsHint = "no HTTPS. Use yurt serve DOMAIN, or a reverse proxy";

/** The text that a person sees who starts the server on a terminal. */
export function banner(facts: BannerFacts): string {
  return [
    `yurt ${facts.version} · ready in ${Math.round(facts.readyMs)} ms`,
    "",
    ...endpointLines(facts.endpoints),
    "",
    ...fact("Local", facts.publicUrl === undefined || facts.https !== undefined ? [] : [`${facts.publicUrl.local}/`]),
    ...fact("HTTPS", httpsLines(facts)),
    ...fact("Network", facts.networkUrls),
    ...fact("Metrics", facts.metricsUrl === undefined ? [] : [facts.metricsUrl]),
    ...fact("Config", facts.configurationFile === undefined ? [] : [facts.configurationFile]),
    ...fact("Database", facts.database === undefined ? [] : [facts.database]),
    ...fact("Data", dataLines(facts)),
    ...fact("Secrets", facts.secretsFile === undefined ? [] : [facts.secretsFile]),
    ...fact("Access", accessLines(facts)),
    "",
    ...exampleLines(facts),
    ...linkLines("Open the demo with this link, which is valid for 30 minutes:", facts.demoLink),
    ...linkLines("Open the dashboard with this link, which is valid once, for 30 minutes:", facts.dashboardLink),
    "",
  ].join("\n");
}

function endpointLines(endpoints: BannerFacts["endpoints"]): readonly string[] {
  const width = Math.max(...endpoints.map(({ label }) => label.length)) + 3;
  return endpoints.map(({ label, url }, index) => {
    const branch = index === endpoints.length - 1 ? "└─" : "├─";
    return `  ${branch} ${label.padEnd(width)}${url}`;
  });
}

/** A label, and the lines beside it. */
function fact(label: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : "").padEnd(9)}${line}`);
}

function dataLines({ data }: BannerFacts): readonly string[] {
  return data === undefined ? [] : [`${data.folder}${data.isNew ? " (new)" : ""}`];
}

function httpsLines({ https }: BannerFacts): readonly string[] {
  if (https === undefined) return [];
  const { certificate, httpUrl } = https;
  const state =
    certificate === undefined
      ? "waiting for the first certificate (see the log)"
      : `certificate valid until ${new Date(certificate.expiresAt).toISOString().slice(0, 10)}`;
  return [state, ...(httpUrl === undefined ? [] : [`plain HTTP on port ${new URL(httpUrl).port || 80}`])];
}

function accessLines({ https, isLoopback, publicUrl, data, mode }: BannerFacts): readonly string[] {
  if (mode === "open" && isLoopback && publicUrl === undefined)
    return [
      "local only. To share: yurt --host 0.0.0.0 --auth-mode token",
      "On the internet, with HTTPS: yurt serve DOMAIN --auth-mode token",
    ];
  const rule = {
    open: `open: anyone who can reach it can ${data === undefined ? "use it" : "read and change all documents"}`,
    token: "token required (create one: yurt token ROOM)",
    webhook: "your app decides (webhook)",
  }[mode];
  if (https === undefined && publicUrl?.isEncrypted === false) return [rule, httpsHint];
  if (https !== undefined || publicUrl !== undefined) return [rule];
  return isLoopback ? [`${rule} · local only`] : [rule, httpsHint];
}

/** The link begins in the first column: a terminal wraps it, and only then it can be selected whole. */
function linkLines(invitation: string, link: string | undefined): readonly string[] {
  return link === undefined ? [] : [`  ${invitation}`, "", link, ""];
}

function exampleLines({ endpoints, mode }: BannerFacts): readonly string[] {
  const sync = endpoints.find(({ label }) => label === "y-websocket");
  const params = mode === "open" ? [] : ["{ params: { token } }"];
  if (sync !== undefined) return example("WebsocketProvider", [`"${sync.url}"`, '"demo"', "doc", ...params]);
  const signaling = endpoints.find(({ label }) => label === "y-webrtc");
  if (signaling === undefined) return [];
  const url = mode === "open" ? `"${signaling.url}"` : `"${signaling.url}?token=" + token`;
  return example("WebrtcProvider", ['"demo"', "doc", `{ signaling: [${url}] }`]);
}

/** A call in one line if it fits, else with its last arguments in a line of their own. */
function example(provider: string, args: readonly string[]): readonly string[] {
  const linesWith = (inFirst: number) => {
    const last = args.slice(inFirst).join(", ");
    const first = `new ${provider}(${args.slice(0, inFirst).join(", ")}`;
    return fact("Try it", last === "" ? [`${first})`] : [`${first},`, `  ${last})`]);
  };
  const choices = args.map((_, index) => linesWith(args.length - index));
  const fitting = choices.find((lines) => lines.every(({ length }) => length <= terminalColumns));
  return [...(fitting ?? linesWith(1)), ""];
}
