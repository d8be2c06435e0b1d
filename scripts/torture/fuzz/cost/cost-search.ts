import type { Random } from "../../../../test/support/bytes/random.ts";
import { type Candidate, type CostProtocol, costProtocols, describeCandidate, fitted, mutated } from "./candidate.ts";
import { CostServer, type CostServerOptions } from "./cost-server.ts";
import { seedsOf } from "./seeds.ts";

/** The cost that a search looks for. */
export interface CostKind {
  readonly name: string;
  /** Microseconds or bytes, per byte that the server receives. */
  readonly unit: string;
  readonly measure: (server: CostServer, candidate: Candidate) => Promise<number>;
  readonly populationSize: number;
  /** How many times more a promising candidate is measured. */
  readonly confirmations: number;
}

export interface CostSearchOptions {
  readonly random: Random;
  readonly server: CostServerOptions;
  readonly kind: CostKind;
}

/** A candidate with its median cost per byte. */
interface Measured {
  readonly candidate: Candidate;
  readonly cost: number;
}

const freshShare = 0.25;
/** The server is replaced: its document with many structs has changed, and its rooms are many. */
const playsOfServer = 400;
const mostResidentBytes = 600e6;
/** Plays of a new server that only compile its code. */
const warmUpPlays = 40;

/**
 * An evolutionary search for the frames that cost the server most. Each member of a population is
 * replaced by a neighbour that costs more, the least one by any new candidate that costs more.
 */
export class CostSearch {
  readonly faults = new Set<string>();
  readonly #random: Random;
  readonly #options: CostServerOptions;
  readonly #kind: CostKind;
  readonly #seeds: ReturnType<typeof seedsOf>;
  readonly #populations: Readonly<Record<CostProtocol, Measured[]>>;
  #server: CostServer | undefined;
  #measured = 0;

  constructor({ random, server, kind }: CostSearchOptions) {
    this.#random = random;
    this.#kind = kind;
    this.#options = server;
    this.#seeds = seedsOf(random);
    this.#populations = { sync: [], collab: [], signal: [], rooms: [], peerjs: [], peers: [] };
  }

  get name(): string {
    return this.#kind.name;
  }

  /** The number of measurements. */
  get measured(): number {
    return this.#measured;
  }

  /** The highest cost of each protocol, with its frames; one line each. */
  get summary(): string {
    return costProtocols
      .flatMap((protocol) => {
        const [highest] = this.#ranked(protocol);
        if (highest === undefined) return [];
        const { cost, candidate } = highest;
        return [`${cost.toFixed(2)} ${this.#kind.unit} by ${protocol}, ${describeCandidate(candidate)}`];
      })
      .join("\n      ");
  }

  /** The costliest candidates of each protocol. */
  costliest(count: number): readonly Candidate[] {
    return costProtocols
      .flatMap((protocol) => this.#ranked(protocol).slice(0, count))
      .map(({ candidate }) => candidate);
  }

  /** Measures one candidate. */
  async step(): Promise<void> {
    const protocol = this.#random.pick(costProtocols);
    const population = this.#populations[protocol];
    const isFresh = population.length < this.#kind.populationSize / 2 || this.#random.chance(freshShare);
    const index = isFresh ? this.#placeForFresh(protocol) : this.#random.integer(population.length);
    const parent = population[index];
    const seeds = this.#seeds[protocol];
    const candidate = isFresh || !parent ? this.#fresh(protocol) : mutated(parent.candidate, seeds, this.#random);
    const threshold = parent?.cost ?? 0;
    const measured = await this.#measure(candidate, threshold);
    if (measured !== undefined && measured.cost > threshold) population[index] = measured;
  }

  async close(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  #ranked(protocol: CostProtocol): readonly Measured[] {
    return this.#populations[protocol].toSorted((one, other) => other.cost - one.cost);
  }

  #placeForFresh(protocol: CostProtocol): number {
    const population = this.#populations[protocol];
    if (population.length < this.#kind.populationSize) return population.length;
    return population.reduce((least, { cost }, index) => (cost < (population[least]?.cost ?? 0) ? index : least), 0);
  }

  #fresh(protocol: CostProtocol): Candidate {
    const random = this.#random;
    return fitted({
      protocol,
      isSeeded: (protocol === "sync" || protocol === "collab") && random.chance(0.25),
      connections: random.pick([1, 1, 1, 2, 4]),
      frames: this.#seeds[protocol](),
      repeats: random.pick([1, 1, 10, 100]),
    });
  }

  /** The median of several plays; undefined when the first one already costs less than the threshold. */
  async #measure(candidate: Candidate, threshold: number): Promise<Measured | undefined> {
    const costs: number[] = [];
    for (let left = 1 + this.#kind.confirmations; left > 0; left -= 1) {
      const cost = await this.#play(candidate);
      if (cost === undefined || cost <= threshold) return undefined;
      costs.push(cost);
    }
    costs.sort((one, other) => one - other);
    return { candidate, cost: costs[Math.floor(costs.length / 2)] ?? 0 };
  }

  async #play(candidate: Candidate): Promise<number | undefined> {
    const server = await this.#ready();
    this.#measured += 1;
    try {
      return await this.#kind.measure(server, candidate);
    } catch (error) {
      // The server is replaced before the next play.
      for (const trouble of server.troubles) this.faults.add(trouble);
      if (server.hasEnded) this.faults.add(`the server ended: ${error}`);
      await this.close();
      return undefined;
    }
  }

  async #ready(): Promise<CostServer> {
    const isWorn = () =>
      this.#server === undefined ||
      this.#server.hasEnded ||
      this.#server.plays > playsOfServer ||
      this.#server.residentBytes > mostResidentBytes;
    if (!isWorn() && this.#server !== undefined) return this.#server;
    await this.close();
    const server = await CostServer.start(this.#options);
    this.#server = server;
    for (let play = 0; play < warmUpPlays; play += 1) {
      await server.play(this.#fresh(costProtocols[play % costProtocols.length] ?? "sync")).catch(() => {});
    }
    return server;
  }
}
