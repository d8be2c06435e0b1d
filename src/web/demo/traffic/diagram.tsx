import { YurtMark } from "../../shared/yurt-mark.tsx";
import type { LinkState } from "./link-state.ts";
import type { Links } from "./links.ts";

export interface DiagramProps {
  readonly links: Links;
  /** The people besides this window whom it reaches, and those whom it has lost. */
  readonly othersCount: number;
  readonly lostCount: number;
  /** True when the server does signaling only in this room, and no edit goes through it. */
  readonly isSignalingOnly: boolean;
  /** The messages of each transport, sent and received. A new one is animated along its line. */
  readonly webrtcMessages: number;
  readonly websocketMessages: number;
}

/** Draws the two paths of an edit, each with its measured state. The switches below show the same facts as text. */
export function Diagram(props: DiagramProps) {
  const { links, othersCount, lostCount, isSignalingOnly, webrtcMessages, websocketMessages } = props;
  return (
    <svg class="diagram" viewBox="0 0 280 128" aria-hidden="true">
      <Way name="direct" state={links.direct} messages={webrtcMessages} path="M84 28 H196" />
      <Way name="server" state={links.server} messages={websocketMessages} path="M50 52 L108 86" />
      <Way name="others" state={links.others} messages={0} path="M172 86 L230 52" />
      <text class="way-label" data-state={links.direct} x="140" y="18">
        {directText(links)}
      </text>
      <text x="140" y="124">
        {isSignalingOnly ? "server: signaling only" : serverTexts[links.server]}
      </text>
      <Screen x={2} label="this window" isThere={true} />
      <Screen x={198} label={othersText(othersCount, lostCount)} isThere={othersCount > 0} />
      <g class="diagram-yurt" data-state={links.server} transform="translate(140 88)">
        <YurtMark />
      </g>
    </svg>
  );
}

const serverTexts: Readonly<Record<LinkState, string>> = {
  off: "server, not used",
  waiting: "waiting for the server",
  connected: "server",
  refused: "server refuses",
};

const wayTexts = { direct: "direct", turn: "TURN", "same-browser": "same browser" };

function directText({ direct, directWays }: Links): string {
  if (direct === "connected") return directWays.map((way) => wayTexts[way]).join(" + ");
  if (direct === "refused") return "refused";
  return direct === "off" ? "off" : "waiting";
}

interface WayProps {
  readonly name: string;
  readonly state: LinkState;
  readonly messages: number;
  readonly path: string;
}

function Way({ name, state, messages, path }: WayProps) {
  const isMoving = state === "connected" && messages > 0;
  return (
    <>
      <path class="way" data-way={name} data-state={state} d={path} />
      {isMoving && <path key={messages} class="message" pathLength={100} d={path} />}
      {state === "refused" && <Cross path={path} />}
    </>
  );
}

/** A cross in the middle of a line. */
function Cross({ path }: { readonly path: string }) {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = y1] = (path.match(/\d+/g) ?? []).map(Number);
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return <path class="cross" d={`M${x - 5} ${y - 5} l10 10 m0 -10 l-10 10`} />;
}

interface ScreenProps {
  readonly x: number;
  readonly label: string;
  readonly isThere: boolean;
}

function Screen({ x, label, isThere }: ScreenProps) {
  return (
    <g class="screen-group" data-there={isThere} transform={`translate(${x} 6)`}>
      <rect class="screen" width="80" height="44" rx="6" />
      <path class="screen" d="M0 11 H80" />
      <text class="screen-label" x="40" y="32">
        {label}
      </text>
    </g>
  );
}

function othersText(count: number, lostCount: number): string {
  if (count === 0) return lostCount === 0 ? "nobody yet" : "out of reach";
  return count === 1 ? "1 other" : `${count} others`;
}
