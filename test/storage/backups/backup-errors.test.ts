import { expect, test } from "bun:test";
import { BackupGivenUp, describeBackupError, NotEnoughSpace } from "../../../src/storage/backups/backup-errors.ts";

const failure = (code: string) => Object.assign(new Error("failed"), { code });

test.each([
  [new NotEnoughSpace({ folder: "/b", free: 1, needed: 2 }), "Free some space"],
  [new BackupGivenUp(), "Ask for it again."],
  [failure("full"), "Free some space"],
  [failure("EROFS"), "Let the server's user write"],
  [failure("EEXIST"), "A file is in the way"],
  [failure("ENOTDIR"), "A file is in the way"],
  [failure("corrupt"), "Restore an earlier backup"],
])("a backup that fails has a remedy: %p", (error, remedy) => {
  expect(describeBackupError(error, "/b").remedy).toStartWith(remedy);
});

test("a backup that fails for an unknown reason has no remedy", () => {
  expect(describeBackupError(failure("EUNKNOWN"), "/b")).toEqual({ folder: "/b", reason: "failed" });
});
