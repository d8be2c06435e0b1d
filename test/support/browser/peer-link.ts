import { join } from "node:path";
import type { IceServer } from "../../../src/turn/ice/ice-servers.ts";

/** A page of any browser that tests drive. */
export interface ScriptedPage {
  evaluate<Result>(script: string): Promise<Result>;
  evaluate<Result, Given>(run: (given: Given) => Result | Promise<Result>, given: Given): Promise<Result>;
}

/** A session description. */
interface Description {
  readonly type: string;
  readonly sdp: string;
}

type Policy = "all" | "relay";

/** The object that `peer-link-page.js` provides in a page. */
interface LinkEnd {
  open(given: {
    readonly iceServers: readonly IceServer[];
    readonly policy: Policy;
    readonly offer: Description | undefined;
  }): Promise<Description>;
  accept(answer: Description): Promise<void>;
  opens(limitMs: number): Promise<boolean>;
  send(total: number): Promise<void>;
  rate(total: number): Promise<number>;
  route(): Promise<LinkRoute>;
  readonly states: readonly string[];
}

declare global {
  /** It exists in pages only. */
  var linkEnd: LinkEnd;
}

export interface LinkOptions {
  readonly iceServers: readonly IceServer[];
  /** By default the pages connect through TURN only. */
  readonly policy?: Policy;
  readonly limitMs?: number;
}

/** The candidate pair that a link has settled on. */
export interface LinkRoute {
  /** The types of both ends: `host`, `srflx`, `prflx` or `relay`. */
  readonly types: readonly [local: string, remote: string];
  /** The protocol between the first page and its TURN server, if it uses one and the browser tells. */
  readonly relayProtocol?: string;
}

/** A data channel between two pages. The test carries their descriptions. */
export class PeerLink {
  readonly #one: ScriptedPage;
  readonly #other: ScriptedPage;

  private constructor(one: ScriptedPage, other: ScriptedPage) {
    this.#one = one;
    this.#other = other;
  }

  /** Rejects with the states of both ends when they do not connect in time. */
  static async open(one: ScriptedPage, other: ScriptedPage, options: LinkOptions): Promise<PeerLink> {
    const link = new PeerLink(one, other);
    if (await link.#connect(options)) return link;
    const states = await Promise.all([one, other].map((page) => page.evaluate(() => linkEnd.states, undefined)));
    throw new Error(`the pages did not connect: ${JSON.stringify(states)}`);
  }

  route(): Promise<LinkRoute> {
    return this.#one.evaluate(() => linkEnd.route(), undefined);
  }

  /** Sends so many bytes to the other page, and returns the rate at which they arrive, in bytes per second. */
  async send(bytes: number): Promise<number> {
    await this.#one.evaluate((total) => linkEnd.send(total), bytes);
    return this.#other.evaluate((total) => linkEnd.rate(total), bytes);
  }

  async #connect({ iceServers, policy = "relay", limitMs = 20_000 }: LinkOptions): Promise<boolean> {
    const script = await Bun.file(join(import.meta.dir, "peer-link-page.js")).text();
    await Promise.all([this.#one, this.#other].map((page) => page.evaluate(script)));
    const open = (page: ScriptedPage, offer?: Description) =>
      page.evaluate((given) => linkEnd.open(given), { iceServers, policy, offer });
    const answer = await open(this.#other, await open(this.#one));
    await this.#one.evaluate((description) => linkEnd.accept(description), answer);
    return this.#one.evaluate((ms) => linkEnd.opens(ms), limitMs);
  }
}
