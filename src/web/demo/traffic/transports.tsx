import { Switch } from "../../shared/switch.tsx";
import { useValue } from "../../shared/value.ts";
import type { Peer } from "../people/peers.ts";
import type { RoomClient } from "../room-client.ts";
import { Diagram } from "./diagram.tsx";
import type { Link } from "./link-meter.ts";

const disabledTexts = {
  private: "Off: this room has a password, so the server must not receive its text.",
  "not-served": "Off: this server does signaling only and stores no documents.",
};

/** The texts of WebRTC where this window may not write, or does not know it yet. */
const restrictedTexts = {
  read: "Off: your access is read-only, which other browsers do not check.",
  unknown: "Off until your access is known.",
};

export function TransportPanel({ client }: { readonly client: RoomClient }) {
  const transports = useValue(client.transports);
  const webrtc = useValue(client.meter.webrtc);
  const websocket = useValue(client.meter.websocket);
  const people = useValue(client.people);
  const access = useValue(client.access.state);
  const isDenied = useValue(client.denial) !== undefined;
  const disabledReason = client.websocketDisabledReason;
  const isOffline = !(transports.webrtc || transports.websocket);
  return (
    <section class="panel transports" aria-labelledby="transports-title">
      <h2 id="transports-title">How edits travel</h2>
      <Diagram
        {...transports}
        others={people.length - 1}
        webrtcMessages={webrtc.sent + webrtc.received}
        websocketMessages={websocket.sent + websocket.received}
      />
      <Switch
        name="WebRTC"
        isOn={transports.webrtc}
        isDisabled={access !== "write"}
        turn={(isOn) => client.switchWebrtc(isOn)}
      >
        <LinkText
          transport="webrtc"
          link={webrtc}
          state={access === "write" ? webrtcState(transports.webrtc, directCount(people)) : restrictedTexts[access]}
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
          state={
            disabledReason === undefined
              ? websocketState(transports.websocket, isDenied, websocket)
              : disabledTexts[disabledReason]
          }
        />
      </Switch>
      <Switch name="Offline" isOn={isOffline} turn={(isOn) => client.goOffline(isOn)}>
        {access === "read" ? "Disconnects both." : "Disconnects both. You can keep editing."}
      </Switch>
    </section>
  );
}

interface LinkTextProps {
  readonly transport: "webrtc" | "websocket";
  readonly link: Link;
  readonly state: string;
}

function LinkText({ transport, link, state }: LinkTextProps) {
  return (
    <span class="link-text" data-transport={transport} data-sent={link.sent} data-received={link.received}>
      <span>{[state, ...roundTrip(link.roundTripsMs)].join(" · ")}</span>
      <span class="messages">
        {link.sent} <abbr title="messages sent">sent</abbr>, {link.received}{" "}
        <abbr title="messages received">received</abbr>
      </span>
    </span>
  );
}

function directCount(people: readonly Peer[]): string {
  const direct = people.filter(({ reach }) => reach === "direct").length;
  const inBrowser = people.filter(({ reach }) => reach === "same-browser").length;
  const parts = [
    direct > 0 && (direct === 1 ? "1 peer" : `${direct} peers`),
    inBrowser > 0 && `${inBrowser} in this browser`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

function webrtcState(isOn: boolean, reached: string): string {
  if (!isOn) return "Off";
  return reached === "" ? "Waiting for peers" : reached;
}

function websocketState(isOn: boolean, isDenied: boolean, { isConnected }: Link): string {
  if (!isOn) return "Off";
  if (isDenied) return "Access denied";
  return isConnected ? "Connected" : "Connecting…";
}

function roundTrip(timesMs: readonly number[]): readonly string[] {
  const [fastest, slowest] = timesMs.map(milliseconds);
  if (fastest === undefined) return [];
  return [slowest === undefined || slowest === fastest ? `${fastest} ms` : `${fastest}–${slowest} ms`];
}

function milliseconds(timeMs: number): string {
  return timeMs < 1 ? "<1" : timeMs.toFixed(0);
}
