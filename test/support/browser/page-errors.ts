import type { BrowserContext } from "playwright-core";

const reportViolations = `addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
  console.error("CSP violation: " + [effectiveDirective, blockedURI, sourceFile].join(" ")));`;

/**
 * y-webrtc 10.3.0 throws when it receives an answer for a connection that it has closed meanwhile, which happens while
 * pages open and close. The answer is useless then, and the page keeps working.
 */
const lateAnswer = /Cannot set properties of undefined \(setting 'glareToken'\)/;

/** Collects errors, violations of the content security policy and requests to other hosts in all pages of a test. */
export class PageErrors {
  readonly #hosts: readonly string[];
  readonly #tolerated: readonly RegExp[];
  readonly #found: string[] = [];

  /** `urls` are the servers to which pages may send requests. */
  constructor(urls: readonly string[], tolerated: readonly RegExp[]) {
    this.#hosts = urls.map((url) => new URL(url).host);
    this.#tolerated = [...tolerated, lateAnswer];
  }

  /** Starts to collect the errors of all pages of the context, including pages that are opened later. */
  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(reportViolations);
    context.on("console", (message) => {
      if (message.type() === "error") this.#note(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (event) => this.#note(`error: ${event.error().stack ?? event.error().message}`));
    context.on("request", (request) => this.#noteAddress(request.url()));
    context.on("page", (page) => {
      page.on("websocket", (socket) => this.#noteAddress(socket.url()));
      page.on("crash", () => this.#note("the page crashed"));
    });
  }

  expectNone(): void {
    if (this.#found.length > 0) throw new Error(`errors in a page:\n${this.#found.join("\n")}`);
  }

  #noteAddress(url: string): void {
    const { protocol, host } = new URL(url);
    const isLocal = protocol === "data:" || protocol === "blob:" || protocol === "about:";
    if (!isLocal && !this.#hosts.includes(host)) this.#note(`request to another host: ${url}`);
  }

  #note(error: string): void {
    if (!this.#tolerated.some((pattern) => pattern.test(error))) this.#found.push(error);
  }
}
