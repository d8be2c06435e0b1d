import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { loadSettings, serverOptionsOf } from "../../../src/composition/settings/settings.ts";
import { readTextFile } from "../../../src/config/sources.ts";

function load(environment: Readonly<Record<string, string>>) {
  return loadSettings({ environment, flags: new Map(), readFile: readTextFile });
}

function backupOf(environment: Readonly<Record<string, string>>) {
  const loaded = load(environment);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return serverOptionsOf(loaded.configuration.values).backup;
}

describe("the settings of backups", () => {
  test("are a schedule only when an interval is set", () => {
    expect(backupOf({})).toBeUndefined();
    expect(backupOf({ YURT_BACKUP_EVERY: "off", YURT_BACKUP_KEEP: "3" })).toBeUndefined();
    expect(backupOf({ YURT_BACKUP_EVERY: "24h", YURT_DATA: "/srv/yurt" })).toEqual({
      everyMs: 86_400_000,
      keep: 7,
      folder: "/srv/yurt/backups",
      command: undefined,
      commandTimeoutMs: 3_600_000,
    });
  });

  test("name a folder and a command", () => {
    const environment = {
      YURT_BACKUP_EVERY: "1m",
      YURT_BACKUP_KEEP: "1",
      YURT_BACKUP_FOLDER: "copies",
      YURT_BACKUP_COMMAND: 'rclone copy "$YURT_BACKUP_FILE" remote:',
      YURT_BACKUP_COMMAND_TIMEOUT: "7d",
    };
    expect(backupOf(environment)).toEqual({
      everyMs: 60_000,
      keep: 1,
      folder: resolve("copies"),
      command: 'rclone copy "$YURT_BACKUP_FILE" remote:',
      commandTimeoutMs: 604_800_000,
    });
  });

  test.each([
    ["YURT_BACKUP_EVERY", "59s"],
    ["YURT_BACKUP_EVERY", "0"],
    ["YURT_BACKUP_EVERY", "daily"],
    ["YURT_BACKUP_EVERY", ""],
    ["YURT_BACKUP_KEEP", "0"],
    ["YURT_BACKUP_FOLDER", ""],
    ["YURT_BACKUP_COMMAND", " "],
    ["YURT_BACKUP_COMMAND_TIMEOUT", "8d"],
  ])("refuse %s=%s", (variable, value) => {
    expect(load({ [variable]: value }).ok).toBe(false);
  });
});
