import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Revocation, RevocationLog } from "../../src/auth/revocation.ts";
import { systemClock } from "../../src/lib/time/clock.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

export interface OpenedLog extends RevocationLog {
  close(): Promise<void>;
}

/** Where revocations are kept. */
export interface RevocationMedium {
  /** Opens the log, which has all revocations that were appended before. */
  open(clock: FakeClock): OpenedLog | Promise<OpenedLog>;
  /** Called when all logs are closed. */
  remove(): void | Promise<void>;
}

/** The contract of every revocation log. `create` makes a medium without revocations. */
export function describeRevocationLog(name: string, create: () => RevocationMedium | Promise<RevocationMedium>): void {
  // A database removes what has ended by its own clock.
  const clock = new FakeClock(systemClock.now());
  const revokedAt = clock.now();
  const of = (what: Pick<Revocation, "user" | "room" | "tokenId">, until = revokedAt + 86_400_000): Revocation => ({
    ...what,
    revokedAt,
    until,
  });

  describe(name, () => {
    let medium: RevocationMedium;

    beforeEach(async () => {
      medium = await create();
    });

    afterEach(() => medium.remove());

    async function reread(at = clock): Promise<readonly Revocation[]> {
      const log = await medium.open(at);
      const loaded = log.load();
      await log.close();
      return loaded;
    }

    test("keeps all revocations in order across starts, whatever characters their names have", async () => {
      const first = await medium.open(clock);
      expect(first.load()).toEqual([]);
      const some = [
        of({ user: "ann", room: "notes/*" }),
        of({ user: "bob \u0000\n\u65e5\u672c \ud800" }),
        of({ tokenId: "t" }),
      ];
      for (const each of some) await first.append(each);
      await first.close();
      const second = await medium.open(clock);
      expect(second.load()).toEqual(some);
      const many = Array.from({ length: 20 }, (_, index) => of({ tokenId: `${index}` }));
      await Promise.all(many.map((each) => second.append(each)));
      await second.close();
      const all = await reread();
      expect(all.slice(0, 3)).toEqual(some);
      expect(new Set(all.slice(3).map(({ tokenId }) => tokenId))).toEqual(new Set(many.map(({ tokenId }) => tokenId)));
    });

    test("loads none that has ended", async () => {
      const log = await medium.open(clock);
      const ann = of({ user: "ann" });
      await log.append(of({ user: "soon" }, revokedAt + 1));
      await log.append(ann);
      await log.append(of({ user: "for ever" }, 1e300));
      await log.close();
      const later = new FakeClock(revokedAt + 1);
      expect((await reread(later)).map(({ user }) => user)).toEqual(["ann", "for ever"]);
      expect((await reread(new FakeClock(ann.until))).map(({ user }) => user)).toEqual(["for ever"]);
    });
  });
}
