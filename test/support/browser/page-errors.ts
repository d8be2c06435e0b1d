import type { BrowserContext } from "playwright-core";

const reportViolations = `addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
  console.error("CSP violation: " + [effectiveDirective, blockedURI, sourceFile].join(" ")));`;

/**
 * y-webrtc 10.3.0 throws when an answer comes for an offer of a connection that it has closed meanwhile, as happens while
 * pages come and go. The answer is worth nothing then; the page goes on.
 */
const lateAnswer = /Cannot set properties of undefined \(setting 'glareToken'\)/;

/** What must not happen in any page: errors, breaches of the content security policy, requests to other hosts. */
export class PageErrors {
  readonly #hosts: readonly string[];
  readonly #tolerated: readonly RegExp[];
  readonly #found: string[] = [];

  /** `urls` are those of the servers that pages may ask. */
  constructor(urls: readonly string[], tolerated: readonly RegExp[]) {
    this.#hosts = urls.map((url) => new URL(url).host);
    this.#tolerated = [...tolerated, lateAnswer];
  }

  /** From now on, in all pages of the context, those included that it opens later. */
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
    if (this.#found.length > 0) throw new Error(`trouble in a page:\n${this.#found.join("\n")}`);
  }

  #noteAddress(url: string): void {
    const { protocol, host } = new URL(url);
    const isLocal = protocol === "data:" || protocol === "blob:" || protocol === "about:";
    if (!isLocal && !this.#hosts.includes(host)) this.#note(`asked another host: ${url}`);
  }

  #note(trouble: string): void {
    if (!this.#tolerated.some((pattern) => pattern.test(trouble))) this.#found.push(trouble);
  }
}
