import * as v from "valibot";
import { comparable, userId } from "../auth/identifiers.ts";
import { isRoomName, maxPatternLength } from "../auth/room-pattern.ts";
import { type AccessPlace, openCommandAccess } from "../composition/access/command-access.ts";
import { mintingKeys, ownMinter } from "../composition/access/own-minter.ts";
import { authOptionsOf, loadSettings } from "../composition/settings/settings.ts";
import { durationForms, parseDuration } from "../config/duration.ts";
import { checkRoomName } from "../rooms/room-name.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { describeDataError } from "./output/data-errors.ts";

const settingKeys = [...mintingKeys, "limits.name-bytes", "limits.token-ms"] as const;

const defaultLifetimeMs = 3_600_000;

/** Prints a token that the server with this configuration accepts. The server need not be running. */
export async function token({ sources, operands, switches, texts, stdout, stderr }: CommandInput): Promise<number> {
  const complain = (message: string, code: number) => {
    stderr.write(`yurt: ${message}\n`);
    return code;
  };
  const loaded = loadSettings(sources, settingKeys);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const isAdmin = switches.has("admin");
  if (operands.length === 0 && !isAdmin)
    return complain("Give at least one room, or --admin. Example: yurt token 'notes/*' --user ann", exitCodes.usage);
  const invalidRoom = describeInvalidRoom(operands, values["limits.name-bytes"]);
  if (invalidRoom !== undefined) return complain(invalidRoom, exitCodes.usage);
  const user = v.safeParse(v.optional(userId), texts.get("user"));
  if (!user.success) {
    const given = JSON.stringify(texts.get("user"));
    return complain(`Invalid --user ${given}. Use 1 to 1024 characters, without control characters.`, exitCodes.usage);
  }
  const ttl = texts.get("ttl");
  const lifetimeMs = ttl === undefined ? defaultLifetimeMs : parseDuration(ttl);
  if (lifetimeMs === undefined) {
    return complain(`Invalid --ttl ${JSON.stringify(ttl)}. Use a duration such as ${durationForms}.`, exitCodes.usage);
  }
  if (lifetimeMs > values["limits.token-ms"]) {
    return complain("Invalid --ttl. It is longer than limits.token-ms allows (by default 366d).", exitCodes.usage);
  }
  const access = switches.has("read") ? "read" : "write";
  try {
    await using kept = await openCommandAccess(values);
    const mint = ownMinter(authOptionsOf(values), kept.secrets);
    const rooms = new Map(operands.map((pattern) => [comparable(pattern), access] as const));
    const minted = await mint({ rooms, user: user.output, isAdmin, lifetimeMs });
    if (minted === "too-long")
      return complain("The token would be too long. Give fewer rooms, or patterns with *.", exitCodes.usage);
    stdout.write(`${minted.token}\n`);
    // The command often runs in another folder than the server.
    if (kept.secrets.hasGenerated) stderr.write(`yurt: ${describeNewSecret(kept.place)}\n`);
    return exitCodes.done;
  } catch (error) {
    const message = describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error));
    return complain(message, exitCodes.failed);
  }
}

function describeNewSecret({ remedy, secrets }: AccessPlace): string {
  return `The secret in ${secrets} is new. Use ${remedy}, or it refuses the token.`;
}

function describeInvalidRoom(rooms: readonly string[], nameBytes: number): string | undefined {
  for (const room of rooms) {
    const fault = checkRoom(room, nameBytes);
    if (fault !== undefined)
      return `Invalid room ${JSON.stringify(room)}: ${fault}. Give a room name, or a pattern with *.`;
  }
  return undefined;
}

/** Why no room can have this name or match this pattern; undefined if one can. */
function checkRoom(room: string, nameBytes: number): string | undefined {
  if (isRoomName(room)) return checkRoomName(room, nameBytes);
  if (room.length > maxPatternLength) return `the pattern is longer than ${maxPatternLength} characters`;
  return checkRoomName(room, Number.POSITIVE_INFINITY);
}
