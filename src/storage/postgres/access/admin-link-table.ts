import type { SQL } from "bun";
import {
  type AdminLink,
  type AdminLinks,
  linkCodeHash,
  linkLifetimeMs,
  newLinkCode,
} from "../../../auth/admin/admin-links.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import { repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { answeredSoon } from "./deadline.ts";

/** The most valid links. One more invalidates the oldest. Each node makes one when it starts. */
const mostLinks = 256;

/** Links for administrators that any node redeems, once. They end by the clock of the database. */
export class AdminLinkTable implements AdminLinks {
  readonly #pool: SQL;
  readonly #clock: Pick<Clock, "now" | "after">;

  constructor(pool: SQL, clock: Pick<Clock, "now" | "after">) {
    this.#pool = pool;
    this.#clock = clock;
  }

  async create(): Promise<AdminLink> {
    const code = newLinkCode();
    await this.#answered(async () => {
      await this.#pool`
        INSERT INTO yurt_admin_links (hash, ends_at)
        VALUES (${linkCodeHash(code)}, now() + ${linkLifetimeMs}::float8 * interval '1 ms') ON CONFLICT DO NOTHING`;
      await this.#pool`
        DELETE FROM yurt_admin_links WHERE ends_at < now()
          OR hash IN (SELECT hash FROM yurt_admin_links ORDER BY ends_at DESC OFFSET ${mostLinks})`;
    });
    return { code, expiresAt: this.#clock.now() + linkLifetimeMs };
  }

  /** If the answer of the database is lost, the link may be used up. */
  async use(code: string): Promise<boolean> {
    const used = await this.#answered(
      () => this.#pool<{ readonly isValid: boolean }[]>`
        DELETE FROM yurt_admin_links WHERE hash = ${linkCodeHash(code)} RETURNING now() < ends_at AS "isValid"`,
    );
    return used[0]?.isValid === true;
  }

  #answered<Result>(task: () => Promise<Result>): Promise<Result> {
    return answeredSoon(
      translateErrors(() => repeatWhileBroken(task)),
      this.#clock,
    );
  }
}
