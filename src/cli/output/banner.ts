/** What the first screen tells. Only what really listens has an endpoint. */
export interface BannerFacts {
  readonly version: string;
  readonly readyMs: number;
  readonly endpoints: readonly { readonly label: string; readonly url: string }[];
  /** Absent when documents are not stored. */
  readonly data?: { readonly folder: string; readonly isNew: boolean };
  /** Where the secrets are that the server has made itself; absent where they were given to it, or ask for nobody. */
  readonly secretsFile?: string;
  /** Where it listens, as `host:port`. */
  readonly address: string;
  readonly isLoopback: boolean;
  /** Who may enter; `auth.mode`. */
  readonly mode: "open" | "token" | "webhook";
}

/** What a person sees who starts the server on a terminal. */
export function banner(facts: BannerFacts): string {
  return [
    `yurt ${facts.version} · ready in ${Math.round(facts.readyMs)} ms`,
    "",
    ...endpointLines(facts.endpoints),
    "",
    ...dataLine(facts),
    `  Mode  ${mode(facts)}`,
    "",
    ...tryIt(facts),
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

function mode({ isLoopback, address, data, mode }: BannerFacts): string {
  const scope = isLoopback ? "this machine only" : "without HTTPS";
  switch (mode) {
    case "token":
      return `token, ${scope}: who has a token may enter its rooms (yurt token ROOM mints one)`;
    case "webhook":
      return `webhook, ${scope}: your application says who may enter`;
    case "open":
      if (isLoopback) return "this machine only. For other machines:  yurt --host 0.0.0.0 --auth-mode open";
      return `open, ${scope}: everyone who reaches ${address} may ${data === undefined ? "use it" : "read and change every document"}`;
  }
}

function dataLine({ data, secretsFile }: BannerFacts): readonly string[] {
  const secrets = secretsFile === undefined ? "" : `     Secrets  ${secretsFile}`;
  return data === undefined ? [] : [`  Data  ${data.folder}${data.isNew ? " (new)" : ""}${secrets}`];
}

function tryIt({ endpoints, mode }: BannerFacts): readonly string[] {
  const sync = endpoints.find(({ label }) => label === "y-websocket");
  const params = mode === "open" ? "" : ", { params: { token } }";
  if (sync !== undefined) return [`  Try it:  new WebsocketProvider("${sync.url}", "demo", doc${params})`, ""];
  const signaling = endpoints.find(({ label }) => label === "y-webrtc");
  if (signaling === undefined) return [];
  const url = mode === "open" ? `"${signaling.url}"` : `"${signaling.url}?token=" + token`;
  return [`  Try it:  new WebrtcProvider("demo", doc, { signaling: [${url}] })`, ""];
}
