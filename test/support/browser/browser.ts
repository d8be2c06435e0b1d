import { afterAll, beforeAll } from "bun:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findProgram, installCommand } from "../processes/programs.ts";
import { DemoPage } from "./page.ts";
import { PageErrors } from "./page-errors.ts";

const flags = [
  ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  // WebRTC needs this flag and the permissions below to connect on a machine without a default route.
  "--allow-loopback-in-peer-connection",
  // No host name is resolved, not even a STUN server's, so nothing leaves this machine.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];
const permissions = ["camera", "microphone", "clipboard-read", "clipboard-write"];

/** Launches Chromium, with further flags. If it is not installed, rejects with the command that installs it. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (executablePath === undefined) {
    throw new Error(`no Chromium found. To install it: ${installCommand(["chromium"])}`);
  }
  // The sandbox does not start for root, nor in most containers. The pages are our own.
  return chromium.launch({ executablePath, args: [...flags, ...more], chromiumSandbox: false });
}

export interface PeopleOptions {
  /** The server's URL, as in `http://127.0.0.1:4444`. A page that sends a request to any other host fails its test. */
  readonly url: string;
  /** The URL of a second server to which pages may send requests. */
  readonly otherUrl?: string;
  /** Patterns of the console errors that the test causes on purpose. */
  readonly tolerated?: readonly RegExp[];
  readonly context?: BrowserContextOptions;
}

export interface PersonOptions {
  /** The room's password, in the URL's fragment. */
  readonly password?: string;
  /** The access token, also in the fragment. */
  readonly token?: string;
}

/** Simulates people with a browser each: their contexts share no storage, no BroadcastChannel and no permissions. */
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

  /** Opens a path of the server, in a page that `prepare` may change before. */
  async visit(path: string, prepare?: (page: Page) => Promise<void>): Promise<Page> {
    const browser = await this.#browser;
    const context = await browser.newContext({ permissions, ...this.#options.context });
    this.#closers.push(() => context.close());
    await this.#pageErrors.watch(context);
    const page = await context.newPage();
    await prepare?.(page);
    await page.goto(this.#options.url + path);
    return page;
  }

  async enterAll(count: number, room: string, options: PersonOptions = {}): Promise<readonly DemoPage[]> {
    return Promise.all(Array.from({ length: count }, () => this.enter(room, options)));
  }

  /** Opens the demo for two people. */
  async enterBoth(room: string, options: PersonOptions = {}): Promise<readonly [DemoPage, DemoPage]> {
    return Promise.all([this.enter(room, options), this.enter(room, options)]);
  }

  /** Closes all pages, and rejects with the errors that occurred in them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
    this.#pageErrors.expectNone();
  }
}

/** Launches one Chromium for all tests of a file, before the first one, and closes it after the last. */
export function openChromium(): { people(options: PeopleOptions): People } {
  const launching = Promise.withResolvers<Browser>();
  // Each test that uses the browser reports the failure.
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
