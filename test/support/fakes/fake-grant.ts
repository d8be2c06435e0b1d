import type { Access, Denial, Grant, GrantWatcher } from "../../../src/auth/authorizer.ts";

/** A grant that changes and ends when the test says so. */
export class FakeGrant implements Grant {
  readonly granted = true;
  readonly user: string | undefined;
  readonly expiresAt: number | undefined;
  access: Access;
  isReleased = false;
  #watcher: GrantWatcher | undefined;
  #ended: Denial | undefined;

  constructor(access: Access = "write", { user, expiresAt }: Partial<Pick<Grant, "user" | "expiresAt">> = {}) {
    this.access = access;
    this.user = user;
    this.expiresAt = expiresAt;
  }

  watch(watcher: GrantWatcher): void {
    if (this.#ended === undefined) this.#watcher = watcher;
    else watcher.ended(this.#ended);
  }

  release(): void {
    this.isReleased = true;
    this.#watcher = undefined;
  }

  /** Reports that the grant is about to end. */
  expiring(): void {
    this.#watcher?.expiring?.();
  }

  change(access: Access): void {
    this.access = access;
    this.#watcher?.changed?.();
  }

  end(denial: Denial): void {
    const watcher = this.#watcher;
    this.#ended = denial;
    this.#watcher = undefined;
    watcher?.ended(denial);
  }
}
