import { isIP } from "node:net";
import * as v from "valibot";
import { isClaim, isHttpUrl, isPath, isUrlOrPath, parseSecrets, parseWebhookSecrets } from "../config/auth-settings.ts";
import type { Option } from "../config/option.ts";
import { isAddressRange } from "../lib/address/address-ranges.ts";
import { parseLimits } from "./limit-settings.ts";
import { defaultLimits } from "./limits.ts";

const authModes = ["open", "token", "webhook"] as const;
const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Every setting. A key has three spellings: `sync.durability`, `--sync-durability`, `YURT_SYNC_DURABILITY`. */
export const options = {
  host: option({
    kind: "text",
    schema: v.pipe(v.string(), v.check(isHost)),
    default: "127.0.0.1",
    expected: "an IP address or host name without a port, such as 127.0.0.1, ::1 or 0.0.0.0",
    help: "address to listen on",
    placeholder: "address",
  }),
  port: option({
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    default: 4444,
    expected: "a whole number from 0 to 65535 (0 takes any free port)",
    help: "port to listen on, 0 for any free one",
    placeholder: "port",
    platformVariable: "PORT",
  }),
  "compat-ports": option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => text === "" || text.split(",").every(isPort)),
    ),
    default: "",
    expected: "port numbers separated by commas, such as 8080,3001,9000",
    help: "further ports, for clients whose port is fixed, such as 8080 (Cliffy), 3001 (OctateCode), 9000 (PeerJS)",
    placeholder: "ports",
  }),
  data: option({
    kind: "text",
    schema: v.pipe(v.string(), v.check(isPath)),
    default: "./yurt-data",
    expected: "the path of a folder; it is created when it does not exist",
    help: "folder that holds the documents",
    placeholder: "folder",
    platformVariable: "STATE_DIRECTORY",
  }),
  "sync.enabled": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "relay and store documents",
    placeholder: "true|false",
  }),
  "sync.durability": option<"disk" | "process">({
    kind: "text",
    schema: v.picklist(["disk", "process"]),
    default: "disk",
    expected: "disk (acknowledged updates survive a power cut) or process (they survive a crash of the server)",
    help: "what an acknowledgement says an update survives: disk = a power cut, process = a crash of the server",
    placeholder: "disk|process",
  }),
  "sync.memory": option({
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(65_536)),
    default: 256,
    expected: "a whole number of MiB from 16 to 65536",
    help: "MiB that documents may take in memory; those that nobody uses are read again when they are needed",
    placeholder: "MiB",
  }),
  "proxy.trusted": option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => text === "" || text.split(",").every(isAddressRange)),
    ),
    default: "",
    expected: "IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8",
    help: "reverse proxies, by their address or a range, whose X-Forwarded-For says where a client is",
    placeholder: "addresses",
  }),
  limits: option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => parseLimits(text) !== undefined),
    ),
    default: "",
    expected: "names and whole numbers as in json-depth=64,outbox-bytes=8388608, each name one of the README's table",
    help: "any other bound, by its name, as in json-depth=64,outbox-bytes=8388608",
    placeholder: "name=number,…",
  }),
  "limits.connections-per-address": count({
    default: defaultLimits.connectionsPerAddress,
    most: 1_000_000,
    help: "WebSockets that one address (of IPv6: one /64) may have; a proxy that --proxy-trusted does not name counts as one",
    placeholder: "count",
  }),
  "limits.upgrades-per-address": count({
    default: defaultLimits.addressUpgradesPerSecond,
    most: 1_000_000,
    help: "WebSockets that one address may open per second",
    placeholder: "count",
  }),
  "limits.room-members": count({
    default: defaultLimits.signalingRoomMembers,
    most: 100_000,
    help: "members of one signaling room",
    placeholder: "count",
  }),
  "limits.publishes": count({
    default: defaultLimits.publishesPerSecond,
    most: 1_000_000,
    help: "signaling messages per second that one connection may send to others; beyond it it waits",
    placeholder: "count",
  }),
  "limits.deliveries": count({
    default: defaultLimits.fanOutDeliveries,
    most: 100_000_000,
    help: "deliveries per 10 s that the signaling messages of one connection may cause; beyond it it waits",
    placeholder: "count",
  }),
  "peerjs.key": option({
    kind: "text",
    // PeerJS writes it into its URLs as it is.
    schema: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~-]{1,64}$/)),
    default: "peerjs",
    expected: "1 to 64 letters, digits, dots, underscores, tildes or hyphens",
    help: "key that PeerJS clients have to name",
    placeholder: "key",
  }),
  "peerjs.discovery": option({
    kind: "boolean",
    schema: v.boolean(),
    default: false,
    expected: "true or false",
    help: "tell whoever asks the ids of all connected PeerJS clients",
    placeholder: "true|false",
  }),
  "auth.mode": option<(typeof authModes)[number] | undefined>({
    kind: "text",
    schema: v.picklist(authModes),
    default: undefined,
    expected:
      "open (everyone who reaches the server), token (who has a token) or webhook (whom your application lets in)",
    help: "who may enter: open = everyone who reaches the server, token = who has a token, webhook = whom your application lets in",
    placeholder: authModes.join("|"),
  }),
  "auth.secret": optionalText({
    accepts: (text) => parseSecrets(text) !== undefined,
    expected:
      "a secret of at least 32 bytes; two, separated by a comma or a blank, while the first replaces the second",
    help: "secret of the tokens, at least 32 bytes; of two the first signs, and both are believed",
    placeholder: "secret",
    isSecret: true,
  }),
  "auth.jwks": optionalText({
    accepts: isUrlOrPath,
    expected: "an http:// or https:// URL without a user in it, or the path of a file",
    help: "key set (JWKS) of who else makes tokens, as a URL or a file",
    placeholder: "url|file",
  }),
  "auth.issuer": optionalText({
    accepts: isClaim,
    expected: "the text that tokens have in iss",
    help: "issuer (iss) that tokens must name",
    placeholder: "text",
  }),
  "auth.audience": optionalText({
    accepts: isClaim,
    expected: "the text that tokens have in aud",
    help: "audience (aud) that tokens must name",
    placeholder: "text",
  }),
  "auth.webhook-url": optionalText({
    accepts: isHttpUrl,
    expected: "an http:// or https:// URL without a user in it",
    help: "where your application is asked who may enter",
    placeholder: "url",
  }),
  "auth.webhook-secret": optionalText({
    accepts: (text) => parseWebhookSecrets(text) !== undefined,
    expected:
      "whsec_ and 24 to 64 bytes in base64 behind it; two, separated by a comma or a blank, while one replaces the other",
    help: "secret that these questions are signed with, as whsec_ and 24 to 64 bytes in base64; or two, and both sign",
    placeholder: "secret",
    isSecret: true,
  }),
  "auth.readers-show-presence": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "show the others the presence of those who may only read",
    placeholder: "true|false",
  }),
  "auth.origins": option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => text === "" || text.split(",").every(isOrigin)),
    ),
    default: "",
    expected: "origins separated by commas, as browsers write them: https://app.example,http://localhost:5173",
    help: "pages that may connect and read what the API answers, by their origin; without it all that reach the server",
    placeholder: "origins",
  }),
  "log.level": option<(typeof logLevels)[number]>({
    kind: "text",
    schema: v.picklist(logLevels),
    default: "info",
    expected: `one of ${logLevels.join(", ")}`,
    help: `least severe events to log: ${logLevels.join(", ")}`,
    placeholder: "level",
  }),
};

export type OptionKey = keyof typeof options;

// Object.keys forgets the literal types.
export const optionKeys = Object.keys(options) as readonly OptionKey[];

function option<T>(definition: Option<T>): Option<T> {
  return definition;
}

/** A text that may be left out. */
function optionalText({
  accepts,
  ...rest
}: Pick<Option<string | undefined>, "expected" | "help" | "placeholder" | "isSecret"> & {
  readonly accepts: (text: string) => boolean;
}) {
  return option<string | undefined>({
    ...rest,
    kind: "text",
    schema: v.pipe(v.string(), v.check(accepts)),
    default: undefined,
  });
}

/** A limit that cannot be switched off. */
function count({
  most,
  ...rest
}: Pick<Option<number>, "default" | "help" | "placeholder"> & { readonly most: number }) {
  return option({
    ...rest,
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most)),
    expected: `a whole number from 1 to ${most}`,
  });
}

/** As browsers write it: no path, no slash at the end, no port that goes without saying. */
function isOrigin(text: string): boolean {
  return text !== "null" && URL.parse(text)?.origin === text;
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** A name whose last label is a number is an address with a mistake: `10.0.0.256`, `127.1`. */
function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text) && !/(^|\.)\d+$/.test(text);
}
