import type { ComponentChildren } from "preact";
import { Switch } from "../../shared/switch.tsx";
import { useValue } from "../../shared/value.ts";
import type { Peer } from "../people/peers.ts";
import type { RoomClient } from "../room-client.ts";
import { Diagram } from "./diagram.tsx";
import type { Link } from "./link-meter.ts";
import type { LinkState } from "./link-state.ts";
import { milliseconds } from "./milliseconds.ts";

const disabledTexts = {
  private: "Off: this room has a password, so the server must not receive its text.",
  "not-served": "Off: this server does signaling only and stores no documents.",
};

/** The texts of WebRTC where this window may not write, or does not know it yet. */
const restrictedTexts = {
  read: "Off: your access is read-only, which other browsers do not check.",
  unknown: "Off until your access is known.",
};

const serverTexts: Readonly<Record<LinkState, string>> = {
  off: "Off",
  waiting: "Connecting…",
  connected: "Connected",
  refused: "Access denied",
};

export function TransportPanel({ client }: { readonly client: RoomClient }) {
  const transports = useValue(client.transports);
  const links = useValue(client.links);
  const webrtc = useValue(client.meter.webrtc);
  const websocket = useValue(client.meter.websocket);
  const people = useValue(client.people);
  const access = useValue(client.access.state);
  const disabledReason = client.websocketDisabledReason;
  const isOffline = !(transports.webrtc || transports.websocket);
  return (
    <section class="panel transports" aria-labelledby="transports-title">
      <h2 id="transports-title">How edits travel</h2>
      <Diagram
        links={links}
        isSignalingOnly={disabledReason !== undefined}
        lostCount={people.filter(({ reach }) => reach === "lost").length}
        othersCount={people.filter(({ reach }) => reach !== "you" && reach !== "lost").length}
        webrtcMessages={webrtc.sent + webrtc.received}
        websocketMessages={websocket.sent + websocket.received}
      />
      <div class="switches">
        <Switch
          name="WebRTC"
          isOn={transports.webrtc}
          isDisabled={access !== "write"}
          turn={(isOn) => client.switchWebrtc(isOn)}
        >
          <LinkText
            transport="webrtc"
            link={webrtc}
            linkState={links.direct}
            text={access === "write" ? <WebrtcText state={links.direct} people={people} /> : restrictedTexts[access]}
          />
        </Switch>
        <Switch
          name="WebSocket"
          isOn={transports.websocket}
          isDisabled={disabledReason !== undefined}
          turn={(isOn) => client.switchWebsocket(isOn)}
        >
          <LinkText
            transport="websocket"
            link={websocket}
            linkState={links.server}
            text={disabledReason === undefined ? serverTexts[links.server] : disabledTexts[disabledReason]}
          />
        </Switch>
        <Switch name="Offline" isOn={isOffline} turn={(isOn) => client.goOffline(isOn)}>
          {access === "read" ? "Disconnects both." : "Disconnects both. You can keep editing."}
        </Switch>
      </div>
    </section>
  );
}

interface LinkTextProps {
  readonly transport: "webrtc" | "websocket";
  readonly link: Link;
  readonly linkState: LinkState;
  readonly text: ComponentChildren;
}

/** Two lines with fixed positions, so that growing numbers move nothing. */
function LinkText({ transport, link, linkState, text }: LinkTextProps) {
  const { sent, received, roundTripsMs } = link;
  const isConnected = linkState === "connected";
  return (
    <span class="link-text" data-transport={transport} data-state={linkState} data-sent={sent} data-received={received}>
      <span class="link-state">{text}</span>
      {isConnected && <span class="latency">{roundTrip(roundTripsMs)}</span>}
      {linkState !== "off" && (
        <span class="messages" title="messages sent and received">
          ↑ {sent} <span class="unseen">messages sent</span> ↓ {received} <span class="unseen">messages received</span>
        </span>
      )}
    </span>
  );
}

interface WebrtcTextProps {
  readonly state: LinkState;
  readonly people: readonly Peer[];
}

function WebrtcText({ state, people }: WebrtcTextProps) {
  if (state !== "waiting") return <>{webrtcText(state, people)}</>;
  if (people.every(({ reach }) => reach === "you" || reach === "lost")) return <>Waiting for peers</>;
  // The page tests the connection with the token of this page's address.
  return (
    <>
      No direct connection. <a href={`check${location.hash}`}>Why?</a>
    </>
  );
}

function webrtcText(state: Exclude<LinkState, "waiting">, people: readonly Peer[]): string {
  if (state === "off") return "Off";
  if (state === "refused") return "Access denied";
  const count = (...ways: readonly Peer["reach"][]) => people.filter(({ reach }) => ways.includes(reach)).length;
  const [direct, inBrowser] = [count("direct", "turn"), count("same-browser")];
  const parts = [
    direct > 0 && (direct === 1 ? "1 peer" : `${direct} peers`),
    inBrowser > 0 && `${inBrowser} in this browser`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

function roundTrip([fastest, slowest]: readonly number[]): string {
  if (fastest === undefined) return "";
  if (slowest === undefined || milliseconds(slowest) === milliseconds(fastest)) return milliseconds(fastest);
  return `${milliseconds(fastest).replace(" ms", "")}–${milliseconds(slowest)}`;
}
