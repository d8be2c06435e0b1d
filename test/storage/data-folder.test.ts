import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataFolderLocked, openDataFolder } from "../../src/storage/data-folder.ts";
import { Child } from "../support/processes/child.ts";

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(realpathSync(tmpdir()), "yurt-data-folder-"));
  path = join(parent, "data");
});

afterEach(() => rmSync(parent, { recursive: true }));

/** The error that opening throws. */
function refusal(folder: string): unknown {
  try {
    openDataFolder(folder).release();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a data folder", () => {
  test("is created with the folders above it, with mode 0700", () => {
    const nested = join(path, "deeper");
    const folder = openDataFolder(`${nested}/`);
    expect(folder.path).toBe(nested);
    expect([path, nested].map((created) => statSync(created).mode & 0o777)).toEqual([0o700, 0o700]);
    folder.release();
  });

  test("is new until a server has used it, even if it existed", () => {
    mkdirSync(path, { mode: 0o750 });
    const first = openDataFolder(path);
    first.release();
    const second = openDataFolder(path);
    second.release();
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    expect(statSync(path).mode & 0o777).toBe(0o750);
  });
});

describe("the lock of a data folder", () => {
  test("excludes a second holder in one process, under every path of the folder", () => {
    const folder = openDataFolder(path);
    symlinkSync(path, join(parent, "link"));
    for (const name of [path, join(parent, "link"), join(parent, "link", "..", "data", ".")]) {
      const error = refusal(name);
      expect(error).toBeInstanceOf(DataFolderLocked);
      expect(String(error)).toContain(`${path} is in use by process ${process.pid}.`);
    }
    folder.release();
    expect(refusal(join(parent, "link"))).toBeUndefined();
  });

  test("excludes other processes, survives a refused attempt, and is released when its process is killed", async () => {
    await using holder = new Child("hold-data-folder.ts", [path]);
    expect(await holder.line()).toBe("held");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(refusal(path)).toBeInstanceOf(DataFolderLocked);
      await using other = new Child("hold-data-folder.ts", [path]);
      expect(await other.line()).toContain(`${path} is in use by process ${holder.pid}.`);
    }
    holder.kill();
    await holder.exitCode();
    expect(refusal(path)).toBeUndefined();
  });

  test("still excludes another process after this process was refused twice", async () => {
    const folder = openDataFolder(path);
    refusal(path);
    refusal(path);
    await using other = new Child("hold-data-folder.ts", [path]);
    expect(await other.line()).toContain(`in use by process ${process.pid}.`);
    folder.release();
  });

  test("is released once: a second release does not affect the next holder", () => {
    const listeners = process.listenerCount("exit");
    const first = openDataFolder(path);
    first.release();
    const second = openDataFolder(path);
    first.release();
    expect(String(refusal(path))).toContain(`in use by process ${process.pid}.`);
    second.release();
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  test("names no process if the holder has not written its process id yet", () => {
    const folder = openDataFolder(path);
    rmSync(join(path, "pid"));
    expect(String(refusal(path))).toContain("in use by another server.");
    folder.release();
  });
});

describe("a data folder in use", () => {
  test.each([
    ["is deleted", () => rmSync(path, { recursive: true })],
    [
      "is deleted and created again by someone",
      () => {
        rmSync(path, { recursive: true });
        mkdirSync(path);
      },
    ],
    ["is deleted with the folder above it", () => rmSync(parent, { recursive: true })],
    ["loses its lock", () => rmSync(join(path, "lock"))],
  ])("that %s is created and locked again", async (_, lose) => {
    const folder = openDataFolder(path);
    lose();
    expect(folder.findFault()?.state).toBe("deleted");
    await folder.restore();
    expect(folder.findFault()).toBeUndefined();
    expect(String(refusal(path))).toContain(`in use by process ${process.pid}.`);
    folder.release();
    expect(refusal(path)).toBeUndefined();
  });

  test("that is moved, or replaced by another, is not created again", () => {
    const folder = openDataFolder(path);
    renameSync(path, join(parent, "away"));
    expect(folder.findFault()).toEqual({ path, state: "moved" });
    // As the mount point of a volume that was unmounted.
    mkdirSync(path);
    expect(folder.findFault()).toEqual({ path, state: "moved" });
    writeFileSync(join(path, "letter"), "");
    expect(folder.findFault()).toEqual({ path, state: "replaced" });
    rmSync(path, { recursive: true });
    renameSync(join(parent, "away"), path);
    expect(folder.findFault()).toBeUndefined();
    folder.release();
  });

  test("that is deleted and filled by another program is not used", () => {
    const folder = openDataFolder(path);
    rmSync(path, { recursive: true });
    mkdirSync(path);
    writeFileSync(join(path, "letter"), "");
    expect(folder.findFault()).toEqual({ path, state: "replaced" });
    folder.release();
  });

  test("that another server has created again keeps that server's lock and process id", async () => {
    const folder = openDataFolder(path);
    rmSync(path, { recursive: true });
    await using other = new Child("hold-data-folder.ts", [path]);
    expect(await other.line()).toBe("held");
    expect(folder.findFault()).toEqual({ path, state: "replaced" });
    await expect(folder.restore()).rejects.toThrow(DataFolderLocked);
    folder.release();
    expect(String(refusal(path))).toContain(`in use by process ${other.pid}.`);
  });

  test("behind a symbolic link is missed when the link names another folder", () => {
    const link = join(parent, "current");
    mkdirSync(path);
    symlinkSync(path, link);
    const folder = openDataFolder(link);
    mkdirSync(join(parent, "other"));
    rmSync(link);
    symlinkSync(join(parent, "other"), link);
    expect(folder.findFault()).toEqual({ path: link, state: "moved" });
    folder.release();
  });
});

describe("a path that cannot be a data folder", () => {
  test("is refused and unchanged when it is a file", () => {
    writeFileSync(path, "a letter");
    expect(refusal(path)).toMatchObject({ code: "EEXIST" });
    expect(refusal(join(path, "data"))).toMatchObject({ code: "ENOTDIR" });
    expect(statSync(path).size).toBe(8);
  });

  test("is refused when it is not writable, whether it exists or not", async () => {
    mkdirSync(path);
    chmodSync(path, 0o555);
    chmodSync(parent, 0o555);
    for (const folder of [path, join(parent, "new")]) {
      await using child = new Child("hold-data-folder.ts", [folder, "nobody"]);
      expect((await child.rest()).join("\n")).toContain("EACCES");
    }
  });
});
