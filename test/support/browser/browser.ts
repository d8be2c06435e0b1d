import { afterAll, beforeAll } from "bun:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findProgram, installCommand } from "../processes/programs.ts";
import { DemoPage } from "./page.ts";
import { PageErrors } from "./page-errors.ts";

const flags = [
  ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  // With the permissions below: else WebRTC connects only on a machine that has a default route.
  "--allow-loopback-in-peer-connection",
  // STUN servers too: nothing leaves this machine.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];
const permissions = ["camera", "microphone", "clipboard-read", "clipboard-write"];

/** A Chromium; rejects with the command that installs it where there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (executablePath === undefined) {
    throw new Error(`no Chromium found. To install it: ${installCommand(["chromium"])}`);
  }
  // The sandbox starts neither for root nor in most containers, and the pages are ours.
  return chromium.launch({ executablePath, args: flags, chromiumSandbox: false });
}

export interface PeopleOptions {
  /** Of the server, as in `http://127.0.0.1:4444`; a page that asks any other host for anything fails its test. */
  readonly url: string;
  /** Of a second server that pages may ask. */
  readonly otherUrl?: string;
  /** Console errors that the test provokes. */
  readonly tolerated?: readonly RegExp[];
  readonly context?: BrowserContextOptions;
}

export interface PersonOptions {
  /** Of the room, in the URL's fragment. */
  readonly password?: string;
  /** What the server is shown, there too. */
  readonly token?: string;
}

/** People in front of a browser each: contexts share no storage, no BroadcastChannel and no permissions. */
export class People implements AsyncDisposable {
  readonly #browser: Promise<Browser>;
  readonly #options: PeopleOptions;
  readonly #pageErrors: PageErrors;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(browser: Promise<Browser>, options: PeopleOptions) {
    this.#browser = browser;
    this.#options = options;
    this.#pageErrors = new PageErrors([options.url, options.otherUrl ?? options.url], options.tolerated ?? []);
  }

  /** Opens the demo in a room, and resolves when the page is ready. */
  async enter(room: string, secrets: PersonOptions = {}): Promise<DemoPage> {
    const fragment = Object.entries(secrets).map(([name, secret]) => `${name}=${encodeURIComponent(secret)}`);
    const demo = new DemoPage(await this.visit(`/?room=${encodeURIComponent(room)}#${fragment.join("&")}`));
    await demo.ready();
    return demo;
  }

  /** Opens a path of the server. */
  async visit(path: string): Promise<Page> {
    const browser = await this.#browser;
    const context = await browser.newContext({ permissions, ...this.#options.context });
    this.#closers.push(() => context.close());
    await this.#pageErrors.watch(context);
    const page = await context.newPage();
    await page.goto(this.#options.url + path);
    return page;
  }

  async enterAll(count: number, room: string, options: PersonOptions = {}): Promise<readonly DemoPage[]> {
    return Promise.all(Array.from({ length: count }, () => this.enter(room, options)));
  }

  /** Two people, the commonest company. */
  async enterBoth(room: string, options: PersonOptions = {}): Promise<readonly [DemoPage, DemoPage]> {
    return Promise.all([this.enter(room, options), this.enter(room, options)]);
  }

  /** Rejects with what went wrong in any page meanwhile. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
    this.#pageErrors.expectNone();
  }
}

/** One Chromium for the tests of a file, from its first test to its last. */
export function openChromium(): { people(options: PeopleOptions): People } {
  const launching = Promise.withResolvers<Browser>();
  // Reported by the tests that want it.
  launching.promise.catch(() => {});
  beforeAll(() => {
    launching.resolve(launchChromium());
  });
  afterAll(async () => {
    await launching.promise.then(
      (browser) => browser.close(),
      () => {},
    );
  });
  return { people: (options) => new People(launching.promise, options) };
}
