import { isIP } from "node:net";
import * as v from "valibot";
import { parseLimits } from "./limit-settings.ts";
import { defaultLimits } from "./limits.ts";

/** How a value is read where all values are text: in flags and in the environment. */
export type OptionKind = "text" | "number" | "boolean";

/** One row of the table: all that flags, environment, help and problem texts need to know about a setting. */
export interface Option<T> {
  readonly kind: OptionKind;
  readonly schema: v.GenericSchema<unknown, T>;
  readonly default: T;
  /** What the schema accepts, as the rest of the sentence "Give …". */
  readonly expected: string;
  readonly help: string;
  /** The value's name in help; for numbers its unit. */
  readonly placeholder: string;
  /** A variable of the platform that counts when our own is not set. Unlike our own, it may be empty. */
  readonly platformVariable?: string;
}

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
    schema: v.pipe(
      v.string(),
      v.check((path) => path.trim() !== "" && !path.includes("\0")),
    ),
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
  origins: option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => text === "" || text.split(",").every(isOrigin)),
    ),
    default: "",
    expected: "origins separated by commas, as browsers write them: https://app.example,http://localhost:5173",
    help: "pages that may open connections, by their origin; without it all that reach the server",
    placeholder: "origins",
  }),
  proxies: option({
    kind: "text",
    schema: v.pipe(
      v.string(),
      v.check((text) => text === "" || text.split(",").every((address) => isIP(address) !== 0)),
    ),
    default: "",
    expected: "IP addresses separated by commas, such as 127.0.0.1,10.0.0.2",
    help: "reverse proxies, by their address, whose X-Forwarded-For says where a client is",
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
    help: "WebSockets that one address (of IPv6: one /64) may have; a proxy that --proxies does not name counts as one",
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
  "auth.mode": option<"open" | undefined>({
    kind: "text",
    schema: v.picklist(["open"]),
    default: undefined,
    expected: "open (everyone who reaches the server may enter); there is no other mode",
    help: "who may enter: open = everyone who reaches the server",
    placeholder: "mode",
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

/** The type of each setting's value. */
export type Values = { readonly [Key in OptionKey]: (typeof options)[Key]["default"] };

// Object.keys forgets the literal types.
export const optionKeys = Object.keys(options) as readonly OptionKey[];

/** The flag that sets `key`; a boolean `x.enabled` is set by `--x`, and by `--no-x` for false. */
export function flagOf(key: OptionKey, value?: string): string {
  const name = key.replace(/\.enabled$/, "").replaceAll(".", "-");
  return options[key].kind === "boolean" && value === "false" ? `--no-${name}` : `--${name}`;
}

export const variablePrefix = "YURT_";

/** The environment variable that sets `key`. */
export function variableOf(key: OptionKey): string {
  return `${variablePrefix}${key.replaceAll(/[.-]/g, "_").toUpperCase()}`;
}

function option<T>(definition: Option<T>): Option<T> {
  return definition;
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
