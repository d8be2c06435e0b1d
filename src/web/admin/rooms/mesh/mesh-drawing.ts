import { FrameTask } from "../../../shared/frame-task.ts";
import type { DrawnLink, DrawnMember } from "./drawn-mesh.ts";
import { linkLine } from "./link-line.ts";
import { MeshLayout, type Pair, type Size } from "./mesh-layout.ts";
import { fadedMs, type PassedMessages } from "./message-flow.ts";

export interface DrawnMesh {
  readonly members: readonly DrawnMember[];
  /** All pairs that the layout knows, also those whose link has faded. */
  readonly pairs: readonly Pair[];
  readonly links: readonly DrawnLink[];
  readonly size: Size;
  /** Nothing moves: the layout is shown when it has settled, and messages do not travel. */
  readonly isStill: boolean;
}

/** Names are drawn beside the members up to this number; among more, that of the member under the pointer. */
const mostNames = 40;
/** More pulses at once would only slow down the page. */
const mostPulses = 30;
const travelMs = 650;
const characterWidth = 6.2;

/** Draws the members of a signaling room and the messages between them into an SVG element. */
export class MeshDrawing {
  readonly #svg: SVGSVGElement;
  readonly #layout = new MeshLayout();
  readonly #lines: SVGGElement;
  readonly #discs: SVGGElement;
  readonly #pulses: SVGGElement;
  readonly #discOf = new Map<string, SVGGElement>();
  readonly #lineOf = new Map<string, SVGLineElement>();
  readonly #frame = new FrameTask(() => this.#advance());
  #mesh: DrawnMesh | undefined;

  constructor(svg: SVGSVGElement) {
    this.#svg = svg;
    [this.#lines, this.#pulses, this.#discs] = [created("g"), created("g"), created("g")];
    svg.append(this.#lines, this.#pulses, this.#discs);
  }

  show(mesh: DrawnMesh): void {
    const before = this.#mesh?.size;
    this.#mesh = mesh;
    const { height, width } = mesh.size;
    if (before?.width !== width || before.height !== height)
      this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const ids = mesh.members.map(({ id }) => id);
    const isChanged = this.#layout.show(ids, mesh.pairs, mesh.size);
    if (isChanged && mesh.isStill) this.#layout.settle();
    this.#showDiscs(mesh.members);
    this.#showLines(mesh.links);
    this.#place();
    this.#continue();
  }

  /** Shows messages as they pass. */
  pulse(messages: readonly PassedMessages[]): void {
    if (this.#mesh === undefined || this.#mesh.isStill || document.visibilityState !== "visible") return;
    for (const message of messages) {
      if (this.#pulses.childElementCount >= mostPulses) return;
      if (message.to === null) this.#ripple(message.from);
      else this.#travel(message.from, message.to);
    }
  }

  close(): void {
    this.#frame.cancel();
    this.#svg.replaceChildren();
  }

  /** Requests the next frame only while a member moves. */
  #continue(): void {
    const isMoving = this.#layout.isMoving;
    this.#svg.dataset["moving"] = String(isMoving);
    if (isMoving) this.#frame.schedule();
  }

  #advance(): void {
    this.#layout.step();
    this.#place();
    this.#continue();
  }

  #place(): void {
    for (const { id, x, y } of this.#layout.spots) {
      this.#discOf.get(id)?.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
    for (const { from, to } of this.#mesh?.links ?? []) this.#placeLine(from, to);
  }

  #placeLine(from: string, to: string): void {
    const line = this.#lineOf.get(keyOf(from, to));
    const ends = this.#endsOf(from, to);
    if (line === undefined) return;
    line.toggleAttribute("hidden", ends === undefined);
    if (ends === undefined) return;
    line.setAttribute("x1", ends.from.x.toFixed(1));
    line.setAttribute("y1", ends.from.y.toFixed(1));
    line.setAttribute("x2", ends.to.x.toFixed(1));
    line.setAttribute("y2", ends.to.y.toFixed(1));
  }

  #endsOf(from: string, to: string) {
    const [source, target] = [this.#layout.spotOf(from), this.#layout.spotOf(to)];
    return source && target && linkLine(source, target, this.#layout.radius);
  }

  #showDiscs(members: readonly DrawnMember[]): void {
    removeOthers(this.#discOf, new Set(members.map(({ id }) => id)));
    const { radius, spacing } = this.#layout;
    const isCrowded = members.length > mostNames;
    this.#svg.classList.toggle("crowded", isCrowded);
    const mostCharacters = isCrowded ? 40 : Math.max(6, Math.floor(spacing / characterWidth));
    for (const { id, name, protocol } of members) {
      const disc = this.#discOf.get(id) ?? this.#createDisc(id);
      const [circle, text] = disc.children;
      disc.dataset["protocol"] = protocol;
      circle?.setAttribute("r", radius.toFixed(1));
      text?.setAttribute("y", (radius + 14).toFixed(1));
      if (text !== undefined) text.textContent = cut(name, mostCharacters);
    }
  }

  #createDisc(id: string): SVGGElement {
    const disc = created("g");
    disc.classList.add("mesh-member");
    disc.append(created("circle"), created("text"));
    this.#discs.append(disc);
    this.#discOf.set(id, disc);
    return disc;
  }

  #showLines(links: readonly DrawnLink[]): void {
    removeOthers(this.#lineOf, new Set(links.map(({ from, to }) => keyOf(from, to))));
    for (const { count, freshness, from, to } of links) {
      const line = this.#lineOf.get(keyOf(from, to)) ?? this.#createLine(keyOf(from, to));
      line.dataset["freshness"] = String(freshness);
      line.setAttribute("stroke-width", (1 + Math.min(2.5, Math.log10(count))).toFixed(1));
    }
  }

  #createLine(key: string): SVGLineElement {
    const line = created("line");
    line.classList.add("mesh-link");
    this.#lines.append(line);
    this.#lineOf.set(key, line);
    return line;
  }

  #travel(from: string, to: string): void {
    const ends = this.#endsOf(from, to);
    if (ends === undefined) return;
    const dot = created("circle");
    dot.classList.add("mesh-dot");
    dot.setAttribute("r", "4");
    const at = ({ x, y }: { readonly x: number; readonly y: number }) => ({ transform: `translate(${x}px, ${y}px)` });
    this.#play(dot, [at(ends.from), at(ends.to)], travelMs);
  }

  /** A ring around the sender of a message to all others. */
  #ripple(from: string): void {
    const spot = this.#layout.spotOf(from);
    if (spot === undefined) return;
    const ring = created("circle");
    ring.classList.add("mesh-ring");
    ring.setAttribute("r", this.#layout.radius.toFixed(1));
    const at = (scale: number, opacity: number) => ({
      transform: `translate(${spot.x}px, ${spot.y}px) scale(${scale})`,
      opacity: String(opacity),
    });
    this.#play(ring, [at(1, 0.9), at(2.6, 0)], travelMs * 1.4);
  }

  #play(element: SVGElement, keyframes: Keyframe[], duration: number): void {
    this.#pulses.append(element);
    const animation = element.animate(keyframes, { duration, easing: "ease-in-out" });
    const remove = () => element.remove();
    animation.finished.then(remove, remove);
  }
}

/** The time after which a line is not drawn any more, in words. */
export const fadedText = `${fadedMs / 1_000} seconds`;

function keyOf(from: string, to: string): string {
  return `${from} ${to}`;
}

function removeOthers<E extends Element>(elements: Map<string, E>, kept: ReadonlySet<string>): void {
  for (const [key, element] of elements) {
    if (kept.has(key)) continue;
    element.remove();
    elements.delete(key);
  }
}

function created<Name extends keyof SVGElementTagNameMap>(name: Name): SVGElementTagNameMap[Name] {
  return document.createElementNS("http://www.w3.org/2000/svg", name);
}

function cut(text: string, mostCharacters: number): string {
  const characters = [...text.slice(0, 4 * mostCharacters)];
  return characters.length > mostCharacters ? `${characters.slice(0, mostCharacters - 1).join("")}…` : text;
}
