import {
  forceCenter,
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";

/** Two members that have sent each other messages: they are drawn near each other. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

export interface Size {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** The place of the centre of a member, in CSS pixels from the corner at the top left. */
export interface Spot {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

interface Body extends SimulationNodeDatum {
  readonly id: string;
  x: number;
  y: number;
}

/** The first layout is computed at once, so that the graph does not unfold before the eyes of the reader. */
const firstSteps = 120;
/** The energy with which the layout takes up a change: the members that were there move little. */
const changeAlpha = 0.25;
/** The room below a member for its name, in CSS pixels. */
const nameHeight = 16;
/** More pairs than these pull nobody: they would only slow down the layout. */
const mostPairs = 1_000;
/** Two neighbours in this angle are never on one line with a third (phyllotaxis). */
const goldenAngle = Math.PI * (3 - Math.sqrt(5));

/**
 * Places the members of a room in a box. It knows no clock: `step` moves the members a little, until they are settled.
 * The same changes lead to the same layout.
 */
export class MeshLayout {
  readonly #bodies = new Map<string, Body>();
  readonly #links = forceLink<Body, SimulationLinkDatum<Body>>([]);
  readonly #push = forceManyBody<Body>();
  readonly #distance = forceCollide<Body>();
  readonly #middle = forceCenter<Body>();
  readonly #simulation = forceSimulation<Body>()
    .stop()
    .alphaDecay(0.05)
    .velocityDecay(0.5)
    .force("links", this.#links)
    .force("push", this.#push)
    .force("distance", this.#distance)
    .force("middle", this.#middle);
  #size: Size = { width: 1, height: 1 };
  /** The pairs as a text, which tells whether they have changed. */
  #pairs = "";

  /** The distance of neighbours, in CSS pixels. */
  get spacing(): number {
    const { height, width } = this.#size;
    const each = Math.sqrt((0.65 * width * height) / Math.max(1, this.#bodies.size));
    return Math.min(120, Math.max(10, each));
  }

  /** The radius of the disc of a member, in CSS pixels. */
  get radius(): number {
    return Math.min(14, Math.max(3, this.spacing * 0.25));
  }

  get spots(): Iterable<Spot> {
    return this.#bodies.values();
  }

  spotOf(id: string): Spot | undefined {
    return this.#bodies.get(id);
  }

  /** False when no member moves any more. */
  get isMoving(): boolean {
    return this.#bodies.size > 0 && this.#simulation.alpha() >= this.#simulation.alphaMin();
  }

  /** Places the members anew if their number, their pairs or the box has changed. Returns whether it is so. */
  show(ids: readonly string[], pairs: readonly Pair[], size: Size): boolean {
    const isFirst = this.#bodies.size === 0;
    const isResized = size.width !== this.#size.width || size.height !== this.#size.height;
    this.#size = size;
    const hasMembers = this.#setMembers(ids, pairs);
    const hasPairs = this.#setPairs(pairs);
    if (!isResized && !hasMembers && !hasPairs) return false;
    this.#tune();
    this.#simulation.alpha(isFirst || isResized ? 1 : Math.max(changeAlpha, this.#simulation.alpha()));
    for (let step = 0; step < firstSteps && (isFirst || isResized); step += 1) this.step();
    return true;
  }

  /** Moves all members a little. */
  step(): void {
    this.#simulation.tick();
    const margin = this.radius + 4;
    for (const body of this.#bodies.values()) {
      body.x = clamped(body.x, margin, this.#size.width - margin);
      body.y = clamped(body.y, margin, this.#size.height - margin - nameHeight);
    }
  }

  /** Moves all members to where they stay. */
  settle(): void {
    while (this.isMoving) this.step();
  }

  #setMembers(ids: readonly string[], pairs: readonly Pair[]): boolean {
    const present = new Set(ids);
    const gone = [...this.#bodies.keys()].filter((id) => !present.has(id));
    const fresh = [...present].filter((id) => !this.#bodies.has(id));
    for (const id of gone) this.#bodies.delete(id);
    for (const id of fresh) this.#bodies.set(id, { id, ...this.#placeOf(id, pairs) });
    if (gone.length + fresh.length > 0) this.#simulation.nodes([...this.#bodies.values()]);
    return gone.length + fresh.length > 0;
  }

  /** A new member appears beside one with which it has a pair, or else on a spiral around the middle. */
  #placeOf(id: string, pairs: readonly Pair[]): { readonly x: number; readonly y: number } {
    const count = this.#bodies.size;
    const angle = count * goldenAngle;
    const pair = pairs.find(({ from, to }) => from === id || to === id);
    const partner = pair && this.#bodies.get(pair.from === id ? pair.to : pair.from);
    const middle = partner ?? { x: this.#size.width / 2, y: this.#size.height / 2 };
    const distance = partner === undefined ? this.spacing * 0.55 * Math.sqrt(count) : this.spacing;
    return { x: middle.x + distance * Math.cos(angle), y: middle.y + distance * Math.sin(angle) };
  }

  #setPairs(pairs: readonly Pair[]): boolean {
    const links: SimulationLinkDatum<Body>[] = [];
    const names: string[] = [];
    for (const { from, to } of pairs) {
      const [source, target] = [this.#bodies.get(from), this.#bodies.get(to)];
      if (source === undefined || target === undefined || links.length === mostPairs) continue;
      links.push({ source, target });
      names.push(`${from} ${to}`);
    }
    const text = names.join();
    if (text === this.#pairs) return false;
    this.#pairs = text;
    this.#links.links(links);
    return true;
  }

  #tune(): void {
    const { height, width } = this.#size;
    const { spacing } = this;
    // A wide box is filled in its width: the pull to the middle is weaker there.
    const pull = 0.12;
    this.#simulation
      .force("x", forceX<Body>(width / 2).strength((pull * height) / Math.max(width, height)))
      .force("y", forceY<Body>(height / 2).strength((pull * width) / Math.max(width, height)));
    this.#middle.x(width / 2).y((height - nameHeight) / 2);
    // As many pulls as there may be in a crowd must not press its members onto each other.
    this.#links.distance(spacing * 1.3).strength(Math.min(0.3, 6 / this.#bodies.size ** 1.2));
    this.#push.strength(-spacing).distanceMax(spacing * 5);
    this.#distance
      .radius(spacing * 0.5)
      .strength(1)
      .iterations(2);
  }
}

function clamped(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(Math.max(low, high), value));
}
