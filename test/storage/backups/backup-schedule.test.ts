import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from "node:fs";
import { Registry } from "prom-client";
import { addBackupMetrics } from "../../../src/ops/metrics/backup-metrics.ts";
import type { CommandEnding } from "../../../src/storage/backups/backup-command.ts";
import { BackupGivenUp } from "../../../src/storage/backups/backup-errors.ts";
import { BackupFolder } from "../../../src/storage/backups/backup-folder.ts";
import {
  BackupInProgress,
  BackupSchedule,
  type BackupScheduleOptions,
} from "../../../src/storage/backups/backup-schedule.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

const minute = 60_000;
const hour = 60 * minute;
const begin = Date.parse("2026-03-01T00:00:00Z");

let workshop: Workshop;
let clock: FakeClock;
let folder: BackupFolder;
let registry: Registry;
let schedules: BackupSchedule[];
/** The difference between the wall clock and the time that has passed. */
let setBy: number;

beforeEach(() => {
  workshop = new Workshop();
  clock = new FakeClock(begin);
  folder = watched(new BackupFolder(workshop.file("backups")));
  registry = new Registry();
  schedules = [];
  setBy = 0;
});

afterEach(async () => {
  for (const schedule of schedules) await schedule.close();
  workshop[Symbol.dispose]();
});

const made = { documents: 1, bytes: 10, damaged: 0 };

/** A schedule whose copies are empty files. */
function startSchedule(options: Partial<BackupScheduleOptions> = {}) {
  const { log, events } = recordedLog();
  const schedule = new BackupSchedule({
    everyMs: 24 * hour,
    keep: 3,
    folder,
    databaseBytes: () => 1_000,
    findFault: () => undefined,
    backUp: async ({ target }) => {
      writeFileSync(target, "");
      return made;
    },
    runCommand: undefined,
    metrics: (figures) => addBackupMetrics(registry, figures),
    clock: {
      now: () => clock.now() + setBy,
      elapsedMs: () => clock.elapsedMs(),
      after: clock.after.bind(clock),
      afterTurn: clock.afterTurn.bind(clock),
    },
    elapsedMs: () => clock.now(),
    log,
    ...options,
  });
  schedules.push(schedule);
  return { schedule, events };
}

/** A schedule that waits has a timer; one that works on no files for this many turns is held by its test. */
const mostTurns = 200;

/** Calls of `prepare` and `prune` that have not ended. */
let filesInWork = 0;

function watched(backups: BackupFolder): BackupFolder {
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    filesInWork += 1;
    return await work.finally(() => {
      filesInWork -= 1;
    });
  };
  const [prepare, prune] = [backups.prepare.bind(backups), backups.prune.bind(backups)];
  backups.prepare = () => counted(prepare());
  backups.prune = (...order) => counted(prune(...order));
  return backups;
}

/** Lets time pass in steps, with the work of each done before the next. */
async function pass(durationMs: number): Promise<void> {
  const end = clock.now() + durationMs;
  while (clock.now() < end) {
    clock.advance(Math.min(durationMs > hour ? minute : 1_000, end - clock.now()));
    await settled();
    for (let turn = 0; clock.pendingTimers === 0 && (filesInWork > 0 || turn < mostTurns); turn += 1) await settled();
  }
}

const times = () =>
  folder
    .list()
    .map(({ at }) => new Date(at).toISOString().slice(5, 16))
    .reverse();

async function figure(name: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

describe("a schedule", () => {
  test("makes the first backup after the start, and the next ones at the interval", async () => {
    const { events } = startSchedule();
    await pass(2_000);
    expect(times()).toEqual(["03-01T00:00"]);
    await pass(23 * hour);
    expect(times()).toHaveLength(1);
    await pass(25 * hour + 3 * minute);
    expect(times()).toEqual(["03-01T00:00", "03-02T00:00", "03-03T00:00"]);
    const file = expect.stringMatching(/yurt-2026-03-01T00-00-01Z\.db$/);
    expect(events[0]).toEqual({ level: "info", event: "backup-made", file, documents: 1, bytes: 10, durationMs: 0 });
  });

  test("keeps as many as it is told", async () => {
    startSchedule({ everyMs: hour, keep: 2 });
    await pass(5 * hour);
    expect(times()).toHaveLength(2);
  });

  test("continues with the backups of an earlier run, and catches up on one that was missed", async () => {
    writeFileSync(folderFile("2026-02-28T20-00-00Z"), "");
    startSchedule();
    await pass(19 * hour);
    expect(times()).toHaveLength(1);
    await pass(2 * hour);
    expect(times()).toHaveLength(2);
    await schedules[0]?.close();
    await pass(72 * hour);
    startSchedule({ metrics: (figures) => addBackupMetrics(new Registry(), figures) });
    await pass(2_000);
    expect(times()).toHaveLength(3);
  });

  test("makes one at a time", async () => {
    let running = 0;
    let most = 0;
    const finish: (() => void)[] = [];
    const backUp = async ({ target }: { readonly target: string }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => finish.push(resolve));
      running -= 1;
      writeFileSync(target, "");
      return made;
    };
    startSchedule({ everyMs: minute, backUp });
    await pass(10 * minute);
    expect(finish).toHaveLength(1);
    finish.pop()?.();
    await pass(2 * minute);
    expect([finish.length, most]).toEqual([1, 1]);
    finish.pop()?.();
  });

  test("makes one early, and goes on, when the clock is set forward", async () => {
    startSchedule();
    await pass(2 * hour);
    setBy = 23 * hour;
    await pass(2 * minute);
    expect(times()).toEqual(["03-01T00:00", "03-02T01:00"].map((time) => expect.stringContaining(time.slice(0, 8))));
    await pass(23 * hour);
    expect(times()).toHaveLength(2);
    await pass(2 * hour);
    expect(times()).toHaveLength(3);
  });

  test("is not late when the clock is set back", async () => {
    startSchedule();
    await pass(12 * hour);
    setBy = -6 * hour;
    await pass(12 * hour + 2 * minute);
    expect(times()).toHaveLength(2);
  });

  test("makes one at once when the latest one is from the future, and does not repeat that", async () => {
    writeFileSync(folderFile("2030-01-01T00-00-00Z"), "");
    startSchedule();
    await pass(20 * hour);
    expect(times()).toEqual(["03-01T00:00", "01-01T00:00"]);
    await pass(5 * hour);
    expect(times()).toHaveLength(3);
  });
});

describe("a backup that fails", () => {
  test("is logged with its remedy, counted, and tried again after one minute, two, four …", async () => {
    const attempts: number[] = [];
    const backUp = async () => {
      attempts.push((clock.now() - begin) / minute);
      throw Object.assign(new Error("database or disk is full"), { code: "full" });
    };
    const { events, schedule } = startSchedule({ backUp });
    await pass(10 * minute);
    expect(attempts.map(Math.floor)).toEqual([0, 1, 3, 7]);
    expect(events[0]).toEqual({
      level: "error",
      event: "backup-failed",
      folder: folder.path,
      reason: "database or disk is full",
      remedy: "Free some space there, lower backup.keep, or choose another folder with backup.folder.",
      retryMs: minute,
    });
    expect(schedule.figures.lastFailureAt).toBe(begin + 7 * minute + 1_000);
    expect(await figure('yurt_backups_total{outcome="failed"}')).toBe(4);
    expect(await figure("yurt_backup_last_success_timestamp_seconds")).toBe(0);
  });

  test("is followed by the usual interval once one has succeeded", async () => {
    let failures = 2;
    const backUp = async ({ target }: { readonly target: string }) => {
      failures -= 1;
      if (failures >= 0) throw new Error("no");
      writeFileSync(target, "");
      return made;
    };
    startSchedule({ backUp });
    await pass(10 * minute);
    await pass(20 * hour);
    expect(times()).toEqual(["03-01T00:03"]);
  });

  test("writes nothing when the disk has too little space for a copy", async () => {
    let copies = 0;
    const { bavail, bsize } = statfsSync(workshop.path);
    const { events } = startSchedule({
      databaseBytes: () => bavail * bsize * 2,
      backUp: async () => {
        copies += 1;
        return made;
      },
    });
    await pass(2_000);
    expect(copies).toBe(0);
    expect(events[0]).toMatchObject({
      event: "backup-failed",
      reason: expect.stringMatching(/ has \d+ MB left, and /),
    });
  });

  test("creates no folder while the database is not at its path", async () => {
    const fault = { path: "/d/yurt.db", state: "moved" as const };
    const { events } = startSchedule({ findFault: () => fault });
    await pass(2_000);
    expect(existsSync(folder.path)).toBe(false);
    expect(events[0]).toMatchObject({
      event: "backup-failed",
      reason: expect.stringContaining("/d/yurt.db was moved"),
    });
    await schedules[0]?.close();
    startSchedule({
      metrics: (figures) => addBackupMetrics(new Registry(), figures),
      databaseBytes: () => {
        throw new Error("There is no database.");
      },
    });
    await pass(2_000);
    expect(existsSync(folder.path)).toBe(false);
  });
});

describe("a backup with damaged updates", () => {
  test("is kept beside the others, displaces none of them, and starts no command", async () => {
    let damaged = 0;
    const commands: string[] = [];
    const { events } = startSchedule({
      everyMs: hour,
      keep: 2,
      backUp: async (paths) => {
        writeFileSync(damaged === 0 ? paths.target : paths.damagedTarget, "");
        return { ...made, damaged };
      },
      runCommand: async (file) => {
        commands.push(file);
        return { outcome: "done" };
      },
    });
    await pass(90 * minute);
    const sound = readdirSync(folder.path);
    damaged = 5;
    await pass(5 * hour);
    expect(readdirSync(folder.path).filter((name) => !name.includes("damaged"))).toEqual(sound);
    expect(readdirSync(folder.path)).toHaveLength(4);
    expect(commands).toHaveLength(2);
    expect(events).toContainEqual(expect.objectContaining({ event: "backup-damaged", damagedUpdates: 5 }));
    expect(await figure('yurt_backups_total{outcome="damaged"}')).toBe(5);
  });
});

describe("the command after a backup", () => {
  test("gets the path, and its failure is logged and counted but is none of the backup", async () => {
    const endings: CommandEnding[] = [{ outcome: "failed", reason: "exit code 1", output: "no network" }];
    const files: string[] = [];
    const runCommand = async (file: string) => {
      files.push(file);
      return endings.pop() ?? { outcome: "done" as const };
    };
    const { events, schedule } = startSchedule({ everyMs: hour, runCommand });
    await pass(2_000);
    const file = files[0] ?? "";
    expect(readdirSync(folder.path)).toEqual([file.slice(folder.path.length + 1)]);
    expect(events[1]).toEqual({
      level: "error",
      event: "backup-command-failed",
      file,
      outcome: "failed",
      reason: "exit code 1",
      output: "no network",
    });
    expect(schedule.figures.lastFailureAt).toBeUndefined();
    await pass(hour + minute);
    expect(files).toHaveLength(2);
    expect(await figure('yurt_backup_commands_total{outcome="failed"}')).toBe(1);
    expect(await figure('yurt_backup_commands_total{outcome="done"}')).toBe(1);
  });
});

describe("a backup that is asked for", () => {
  test("is made at once, and the schedule counts from it", async () => {
    const commands: string[] = [];
    const runCommand = async (file: string) => {
      commands.push(file);
      return { outcome: "done" as const };
    };
    const { schedule } = startSchedule({ everyMs: 2 * hour, runCommand });
    await pass(hour);
    const file = expect.stringMatching(/yurt-2026-03-01T01-00-00Z\.db$/);
    expect(await schedule.makeNow()).toEqual({ ...made, file, begunAt: begin + hour, durationMs: 0 });
    await settled();
    expect(commands).toHaveLength(2);
    await pass(hour + 58 * minute);
    expect(times()).toHaveLength(2);
    await pass(3 * minute);
    expect(times()).toHaveLength(3);
  });

  test("is refused while another one, or its command, is in progress", async () => {
    const { promise: done, resolve: finish } = Promise.withResolvers<CommandEnding>();
    const { schedule } = startSchedule({ everyMs: hour, runCommand: () => done });
    const making = schedule.makeNow();
    await expect(schedule.makeNow()).rejects.toBeInstanceOf(BackupInProgress);
    await pass(3 * hour);
    await making;
    await expect(schedule.makeNow()).rejects.toBeInstanceOf(BackupInProgress);
    expect(times()).toHaveLength(1);
    finish({ outcome: "done" });
    await settled();
    await pass(2 * minute);
    expect(times()).toHaveLength(2);
  });

  test("fails with its reason, which is logged, and is tried again by the schedule", async () => {
    writeFileSync(folderFile("2026-02-28T23-59-59Z"), "");
    let isBroken = true;
    const { events, schedule } = startSchedule({
      backUp: async ({ target }) => {
        if (isBroken) throw new Error("a cable is loose");
        writeFileSync(target, "");
        return made;
      },
    });
    const making = schedule.makeNow();
    await expect(making).rejects.toThrow("a cable is loose");
    expect(events).toMatchObject([{ event: "backup-failed", reason: "a cable is loose", retryMs: minute }]);
    isBroken = false;
    await pass(3 * minute);
    expect(times()).toHaveLength(2);
  });

  test("is refused by a schedule that is closed", async () => {
    const { schedule } = startSchedule();
    await schedule.close();
    await expect(schedule.makeNow()).rejects.toBeInstanceOf(BackupGivenUp);
    expect(times()).toEqual([]);
  });

  test("is given up when the schedule is closed, and whoever has asked is told why", async () => {
    const backUp = (_: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const { events, schedule } = startSchedule({ backUp });
    const making = schedule.makeNow();
    const outcome = making.catch((error: unknown) => error);
    await settled();
    await schedule.close();
    expect(await outcome).toBeInstanceOf(BackupGivenUp);
    expect(events).toEqual([]);
  });
});

test("a schedule that is closed gives up its backup, without a word of failure", async () => {
  const backUp = (_: unknown, signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { events, schedule } = startSchedule({ backUp });
  await pass(2_000);
  await schedule.close();
  await pass(48 * hour);
  expect([events, readdirSync(folder.path)]).toEqual([[], []]);
});

function folderFile(stamp: string): string {
  mkdirSync(folder.path, { recursive: true });
  return `${folder.path}/yurt-${stamp}.db`;
}
