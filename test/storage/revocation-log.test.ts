import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Revocation } from "../../src/auth/revocation.ts";
import { RevocationFile, RevocationsUnreadable } from "../../src/storage/revocation-log.ts";
import { describeRevocationLog } from "../contract/revocation-log.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { Child } from "../support/processes/child.ts";
import { Workshop } from "../support/processes/data-folder.ts";

const clock = new FakeClock();
const now = clock.now();
const day = 86_400_000;

const of = (what: Pick<Revocation, "user" | "room" | "tokenId">, until = now + day): Revocation => ({
  ...what,
  revokedAt: now,
  until,
});

const ann = of({ user: "ann", room: "notes/*" });
const bob = of({ user: "bob \u0000\n日本 \ud800" });
const token = of({ tokenId: "t1" });

class Scene implements Disposable {
  readonly workshop = new Workshop();
  readonly path: string = this.workshop.file("revocations.jsonl");

  open(at: FakeClock = clock): RevocationFile {
    return new RevocationFile(this.workshop.path, at);
  }

  /** Returns the revocations that the next start reads. */
  reread(): readonly Revocation[] {
    return this.open().load();
  }

  get content(): string {
    return readFileSync(this.path, "utf8");
  }

  [Symbol.dispose](): void {
    this.workshop[Symbol.dispose]();
  }
}

const line = (revocation: object) => `${JSON.stringify(revocation)}\n`;

describeRevocationLog("a revocation log in a file", () => {
  const workshop = new Workshop();
  return { open: (at) => new RevocationFile(workshop.path, at), remove: () => workshop[Symbol.dispose]() };
});

describe("a log of revocations", () => {
  test("has no file until the first revocation", async () => {
    using scene = new Scene();
    const log = scene.open();
    expect(log.load()).toEqual([]);
    await log.close();
    expect(readdirSync(scene.workshop.path)).toEqual([]);
  });

  test("is a file of mode 0600, with one JSON object per line", async () => {
    using scene = new Scene();
    const log = scene.open();
    await log.append(ann);
    expect(scene.content).toBe(`{"user":"ann","room":"notes/*","revokedAt":${now},"until":${now + day}}\n`);
    expect(statSync(scene.path).mode & 0o777).toBe(0o600);
    await log.close();
  });

  test("closes after all earlier appends", async () => {
    using scene = new Scene();
    const log = scene.open();
    const appended = [ann, bob, token].map((each) => log.append(each));
    await log.close();
    expect(scene.reread()).toEqual([ann, bob, token]);
    await Promise.all(appended);
  });

  test("removes expired revocations at a start, and keeps the mode of the file", async () => {
    using scene = new Scene();
    const soon = of({ user: "carl" }, now + 1);
    writeFileSync(scene.path, line(ann) + line(soon) + line(token), { mode: 0o644 });
    expect(scene.reread()).toEqual([ann, soon, token]);
    const log = scene.open(new FakeClock(now + 1));
    expect(log.load()).toEqual([ann, token]);
    expect(scene.content).toBe(line(ann) + line(token));
    expect(statSync(scene.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(scene.workshop.path)).toEqual(["revocations.jsonl"]);
    await log.append(bob);
    await log.close();
    expect(scene.reread()).toEqual([ann, token, bob]);
  });

  test("reads users and rooms in the form in which they are compared, without a bound", async () => {
    using scene = new Scene();
    const long = of({ user: "a".repeat(2_000), room: "cafe\u0301/*" });
    writeFileSync(scene.path, line(of({ user: "Zoe\u0308" })) + line(long));
    expect(scene.reread()).toEqual([of({ user: "Zo\u00eb" }), { ...long, room: "caf\u00e9/*" }]);
  });

  test("rewrites lines that another program formatted, so that it knows where lines end", async () => {
    using scene = new Scene();
    const byHand = `{ "until": ${now + day},  "revokedAt": ${now}, "user": "ann", "note": "left" }\n`;
    writeFileSync(scene.path, byHand + line(token));
    const log = scene.open();
    await log.append(bob);
    await log.close();
    expect(scene.reread()).toEqual([of({ user: "ann" }), token, bob]);
  });
});

describe("an incomplete last line", () => {
  const whole = Buffer.from(line(bob));

  test.each(Array.from(whole.subarray(1), (_, index) => index + 1))(
    "is ignored after %i bytes, and the next is whole",
    async (length) => {
      using scene = new Scene();
      writeFileSync(scene.path, Buffer.concat([Buffer.from(line(ann)), whole.subarray(0, length)]));
      const log = scene.open();
      expect(log.load()).toEqual([ann]);
      expect(scene.content).toBe(line(ann));
      await log.append(token);
      await log.close();
      expect(scene.reread()).toEqual([ann, token]);
    },
  );

  test("is ignored when it is zeros that a file system left", () => {
    using scene = new Scene();
    writeFileSync(scene.path, `${line(ann)}${"\0".repeat(4_096)}`);
    expect(scene.reread()).toEqual([ann]);
  });
});

describe("a log with an invalid line", () => {
  test.each([
    ["no JSON", "garbage\n"],
    ["an empty line", "\n"],
    ["another value", "[]\n"],
    ["nothing to revoke", line({ revokedAt: now, until: now + day })],
    ["no end", line({ user: "ann", revokedAt: now })],
    ["times that are none", '{"user":"ann","revokedAt":1e999,"until":1e999}\n'],
    ["a user that is none", line({ ...ann, user: 7 })],
    ["what is not UTF-8", Buffer.from(line(of({ user: "\xff" })), "latin1")],
  ])("(%s) cannot be opened, and stays as it is", (_, content) => {
    using scene = new Scene();
    const bytes = Buffer.concat([Buffer.from(line(ann)), Buffer.from(content), Buffer.from(line(token))]);
    writeFileSync(scene.path, bytes);
    expect(() => scene.open()).toThrow(RevocationsUnreadable);
    expect(() => scene.open()).toThrow(`Line 2 of ${scene.path} is not a revocation.`);
    expect(readFileSync(scene.path)).toEqual(bytes);
  });

  test("that is a folder cannot be opened either", () => {
    using scene = new Scene();
    mkdirSync(scene.path);
    expect(() => scene.open()).toThrow("no regular file");
  });
});

describe("an append that fails", () => {
  test("in the middle of a line keeps the lines before and after it complete", async () => {
    using scene = new Scene();
    // In units of 1024 bytes; what goes beyond is an error and not a signal.
    const limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "bash"];
    const users = ["a".repeat(400), "b".repeat(400), "c".repeat(400), "d"];
    const until = Number.MAX_SAFE_INTEGER;
    await using child = new Child("append-revocations.ts", [scene.workshop.path, `${until}`, ...users], limited);
    expect(await child.rest()).toEqual(["kept", "kept", "EFBIG", "kept"]);
    const kept = users.filter((user) => !user.startsWith("c"));
    expect(scene.reread()).toEqual(kept.map((user) => ({ user, revokedAt: 0, until })));
  });

  test("rejects while another file stands at the path, and does not prevent the next one", async () => {
    using scene = new Scene();
    const log = scene.open();
    await log.append(ann);
    const away = scene.workshop.file("away");
    renameSync(scene.path, away);
    writeFileSync(scene.path, line(bob));
    await expect(log.append(token)).rejects.toThrow("was replaced by another file");
    expect(log.findFault()).toEqual({ path: scene.path, state: "replaced" });
    expect(scene.content).toBe(line(bob));
    renameSync(away, scene.path);
    await log.append(token);
    await log.close();
    expect(scene.reread()).toEqual([ann, token]);
  });

  test("truncates what an earlier one has left of its line", async () => {
    using scene = new Scene();
    const log = scene.open();
    await log.append(ann);
    const away = scene.workshop.file("away");
    const appending = log.append(of({ user: "b".repeat(500) }));
    renameSync(scene.path, away);
    await appending.catch(() => {});
    renameSync(away, scene.path);
    await log.append(token);
    await log.close();
    expect(scene.reread().at(-1)).toEqual(token);
  });

  test("does not make later appends fail", async () => {
    using scene = new Scene();
    const log = scene.open();
    mkdirSync(scene.path);
    const [failed, next] = [log.append(ann), log.append(bob)];
    await expect(failed).rejects.toThrow("was replaced");
    rmSync(scene.path, { recursive: true });
    await next.catch(() => {});
    await log.append(token);
    await log.close();
    expect(existsSync(scene.path)).toBe(true);
    expect(scene.reread().at(-1)).toEqual(token);
  });
});

describe("a log whose file is deleted", () => {
  test("writes all lines again with the next append", async () => {
    using scene = new Scene();
    writeFileSync(scene.path, line(ann));
    const log = scene.open();
    rmSync(scene.path);
    await log.append(bob);
    expect(scene.content).toBe(line(ann) + line(bob));
    rmSync(scene.path);
    expect(log.findFault()).toEqual({ path: scene.path, state: "deleted" });
    await log.append(token);
    await log.close();
    expect(scene.reread()).toEqual([ann, bob, token]);
  });

  test("is restored without an append, but for revocations that have ended", async () => {
    using scene = new Scene();
    const later = new FakeClock(now);
    const log = scene.open(later);
    await log.append(ann);
    await log.append(of({ user: "carl" }, now + 1));
    rmSync(scene.path);
    later.advance(1);
    await log.restore();
    expect(log.findFault()).toBeUndefined();
    expect(scene.content).toBe(line(ann));
    await log.close();
  });

  test("rejects appends while the folder is missing", async () => {
    using scene = new Scene();
    const log = scene.open();
    await log.append(ann);
    rmSync(scene.workshop.path, { recursive: true });
    await expect(log.append(bob)).rejects.toThrow("ENOENT");
    mkdirSync(scene.workshop.path);
    await log.append(token);
    await log.close();
    expect(scene.reread()).toEqual([ann, token]);
  });
});
