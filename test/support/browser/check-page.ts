import type { Page } from "playwright-core";
import type { People } from "./browser.ts";
import { eventually } from "./eventually.ts";

/** The ICE servers that `/ice` gives out. */
export interface IceAnswer {
  readonly iceServers: readonly {
    readonly urls: string | readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly ttl: number;
}

/** The connection test in one browser window. */
export class CheckPage {
  readonly page: Page;
  #readRun: string | null = null;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the test, with another answer of `/ice` than the server's if one is given. */
  static async open(people: People, ice?: IceAnswer, path = "/check"): Promise<CheckPage> {
    const answerIce = async (page: Page) => {
      if (ice !== undefined) await page.route(/\/ice\?/, (route) => route.fulfill({ json: ice }));
    };
    return new CheckPage(await people.visit(path, answerIce));
  }

  /**
   * Resolves with the title of the verdict when a run ends whose verdict was not read before. Chromium gives a dead ICE
   * server up after 9.5 seconds.
   */
  async verdict(): Promise<string> {
    const verdict = this.page.locator("[data-run]:not([data-tone=running])");
    let run: string | null = null;
    const isNew = async () => {
      run = (await verdict.count()) === 1 ? await verdict.getAttribute("data-run") : null;
      return run !== null && run !== this.#readRun;
    };
    await eventually("the test has ended", isNew, 60_000);
    this.#readRun = run;
    return (await verdict.locator(".verdict-title").textContent()) ?? "";
  }

  /** Runs the test again. */
  async again(): Promise<void> {
    await this.page.getByRole("button", { name: "Test again" }).click();
  }

  /** The sentences of the verdict, after its title. */
  async verdictText(): Promise<string> {
    return (await this.page.locator("[data-run] p:not(.verdict-title)").textContent()) ?? "";
  }

  /** The state of a row: ok, warning, failed, skipped. */
  async stateOf(step: string): Promise<string | null> {
    return this.#row(step).getAttribute("data-state");
  }

  async textOf(step: string): Promise<string> {
    return (await this.#row(step).textContent()) ?? "";
  }

  /** The states of all rows, by step. */
  async states(): Promise<Readonly<Record<string, string>>> {
    const rows = await this.page.locator("[data-step]").all();
    const pairs = rows.map(
      async (row) => [await row.getAttribute("data-step"), await row.getAttribute("data-state")] as const,
    );
    return Object.fromEntries(await Promise.all(pairs));
  }

  async report(): Promise<string> {
    return (await this.page.locator("[data-report]").textContent()) ?? "";
  }

  #row(step: string) {
    return this.page.locator(`[data-step="${step}"]`);
  }
}
