import { YurtMark } from "../../shared/yurt-mark.tsx";
import type { Transports } from "../room-client.ts";

export interface DiagramProps extends Transports {
  readonly others: number;
  /** The messages of each transport, sent and received. A new one is animated along its line. */
  readonly webrtcMessages: number;
  readonly websocketMessages: number;
}

/** Draws the two ways of an edit and which of them are on. The switches below it have the same facts as text. */
export function Diagram({ webrtc, websocket, others, webrtcMessages, websocketMessages }: DiagramProps) {
  return (
    <svg class="diagram" viewBox="0 0 320 136" aria-hidden="true">
      <Way isOn={webrtc} messages={webrtcMessages} path="M90 30 H230" />
      <Way isOn={websocket} messages={websocketMessages} path="M56 56 L126 94" />
      <Way isOn={websocket} messages={websocketMessages} path="M194 94 L264 56" />
      <text x="160" y="20">
        direct
      </text>
      <text x="160" y="132">
        through the server
      </text>
      <Screen x={2} label="this window" />
      <Screen x={236} label={otherWindows(others)} />
      <g transform="translate(160 94)">
        <YurtMark />
      </g>
    </svg>
  );
}

function Way({ isOn, messages, path }: { readonly isOn: boolean; readonly messages: number; readonly path: string }) {
  return (
    <>
      <path class="way" data-on={isOn} d={path} />
      {isOn && messages > 0 && <path key={messages} class="message" pathLength={100} d={path} />}
    </>
  );
}

function Screen({ x, label }: { readonly x: number; readonly label: string }) {
  return (
    <g transform={`translate(${x} 8)`}>
      <rect class="screen" width="82" height="44" rx="5" />
      <path class="screen" d="M0 11 H82" />
      <text class="screen-label" x="41" y="32">
        {label}
      </text>
    </g>
  );
}

function otherWindows(count: number): string {
  if (count === 0) return "no others";
  return count === 1 ? "1 other" : `${count} others`;
}
