import type { WebSocketUrls } from "../shared/server-addresses.ts";
import { Value } from "../shared/value.ts";
import type { IceEndpoint, IceServer } from "./diagnosis/ice-server.ts";
import type { IceAnswer, LoopOutcome, Measurements, PageFacts, UrlOutcome } from "./diagnosis/measurements.ts";
import type { Progress } from "./diagnosis/rows.ts";
import {
  endpointsIn,
  natEndpoints,
  reasonToSkip,
  type StepId,
  turnByTransport,
  usableStun,
} from "./diagnosis/steps.ts";
import { compareMappings, configurationOf, gatherHostAddresses, testUrl } from "./measure/gather.ts";
import { runLoop } from "./measure/loop.ts";
import { probeRelay, probeSignaling } from "./measure/probe-server.ts";
import { askAccess, askIceServers, askServer, type RoomAndToken } from "./measure/server-answers.ts";

export interface CheckRunOptions extends RoomAndToken {
  readonly page: PageFacts;
  readonly urls: WebSocketUrls;
  /** The servers to test instead of those of the server. */
  readonly pastedServers: readonly IceServer[] | undefined;
}

export interface CheckState extends Progress {
  readonly measurements: Measurements;
}

/** One run of the test. Steps that need nothing of each other run at the same time. */
export class CheckRun {
  /** Epoch milliseconds. */
  readonly startedAt = Date.now();
  readonly state: Value<CheckState>;
  readonly #options: CheckRunOptions;

  constructor(options: CheckRunOptions) {
    this.#options = options;
    this.state = new Value<CheckState>({ measurements: { page: options.page }, running: [], isDone: false });
    void this.#run();
  }

  async #run(): Promise<void> {
    await Promise.all([this.#testServer(), this.#step("host", "host", gatherHostAddresses)]);
    await this.#testConnections();
    this.#change({ isDone: true });
  }

  async #testServer(): Promise<void> {
    const { urls } = this.#options;
    await this.#step("server", "server", askServer);
    await this.#step("access", "access", () => askAccess(this.#options));
    const sockets = [
      this.#step("signaling", "signaling", () => probeSignaling(urls, this.#options)),
      this.#step("relay", "relay", () => probeRelay(urls, this.#options)),
    ];
    await this.#step("ice", "ice", () => this.#iceServers());
    await Promise.all([...sockets, ...endpointsIn(this.#measurements).map((endpoint) => this.#testUrl(endpoint))]);
  }

  /** The loops run alone, so that they measure the network and not the other tests. */
  async #testConnections(): Promise<void> {
    const mappable = natEndpoints(this.#measurements);
    if (mappable.length > 0) await this.#step("nat", "nat", () => compareMappings(mappable));
    await this.#step("direct-loop", "directLoop", () =>
      runLoop({ iceServers: usableStun(this.#measurements).map(configurationOf) }),
    );
    await this.#step("turn-loop", "turnLoop", () => this.#loopThroughTurn());
  }

  async #loopThroughTurn(): Promise<LoopOutcome> {
    let outcome: LoopOutcome = { kind: "failed", during: "connecting", detail: "" };
    for (const [protocol, endpoints] of turnByTransport(this.#measurements)) {
      outcome = await runLoop({ iceServers: endpoints.map(configurationOf), iceTransportPolicy: "relay" });
      if (outcome.kind === "connected") return { ...outcome, protocol };
    }
    return outcome;
  }

  async #iceServers(): Promise<IceAnswer> {
    const { pastedServers: servers } = this.#options;
    if (servers !== undefined) return { kind: "list", source: "pasted", servers };
    const isForSync = this.#measurements.access?.sync.kind === "granted";
    return askIceServers(this.#options, isForSync ? "sync" : "signaling");
  }

  get #measurements(): Measurements {
    return this.state.current.measurements;
  }

  /** Runs a step and keeps its result, unless the step makes no sense. */
  async #step<Name extends keyof Measurements>(
    id: StepId,
    name: Name,
    measure: () => Promise<Measurements[Name]>,
  ): Promise<void> {
    if (name !== "ice" || this.#options.pastedServers === undefined) {
      if (reasonToSkip(id, this.#measurements) !== undefined) return;
    }
    this.#begin(id);
    const result = await measure();
    this.#end(id, { [name]: result });
  }

  async #testUrl(endpoint: IceEndpoint): Promise<void> {
    const id: StepId = `url:${endpoint.url}`;
    if (reasonToSkip(id, this.#measurements) !== undefined) return;
    this.#begin(id);
    const outcome: UrlOutcome = await testUrl(endpoint);
    this.#end(id, { urls: { ...this.#measurements.urls, [endpoint.url]: outcome } });
  }

  #begin(id: StepId): void {
    this.#change({ running: [...this.state.current.running, id] });
  }

  #end(id: StepId, measured: Partial<Measurements>): void {
    this.#change({
      running: this.state.current.running.filter((each) => each !== id),
      measurements: { ...this.#measurements, ...measured },
    });
  }

  #change(changed: Partial<CheckState>): void {
    this.state.set({ ...this.state.current, ...changed });
  }
}
