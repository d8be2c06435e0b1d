import type { ServerFacts } from "../../../../client/server/administration.ts";
import { CopyButton } from "../../../shared/copy-button.tsx";
import { remedyOf, turnEvents } from "../../data/problem-remedy.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { formatCount } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { SettingsTable } from "../configuration/settings-table.tsx";

type TurnFacts = NonNullable<ServerFacts["turn"]>;

const states = {
  listening: { tone: "good", label: "Listening" },
  "not-listening": { tone: "away", label: "Not listening" },
  off: { tone: undefined, label: "Off" },
} as const;

/** STUN and TURN: whether they listen, where, and their settings. */
export function TurnSection() {
  const { client } = useSession();
  const facts = useRead({ key: "server", everyMs: 5_000, read: (signal) => client.server.get({ signal }) });
  const settings = useRead({ key: "configuration", read: (signal) => client.server.configuration({ signal }) });
  return (
    <>
      <section class="panel stack" aria-labelledby="turn-title">
        <LoadedPart of={facts.state} retry={facts.refresh}>
          {({ problems, turn }) => (
            <>
              <header>
                <h2 id="turn-title">STUN and TURN</h2>
                <TurnBadge turn={turn} />
              </header>
              <p class="hint">
                They let browsers connect to each other across networks. TURN relays traffic where no direct connection
                is possible.
              </p>
              {turn?.state === "not-listening" && <NotListening problems={problems} />}
              {turn !== null && turn.urls.length > 0 && <TurnUrls turn={turn} />}
            </>
          )}
        </LoadedPart>
        <p>
          <a href="./check">Test the connection from this browser</a>
        </p>
      </section>
      <section class="panel stack" aria-labelledby="turn-settings-title">
        <header>
          <h2 id="turn-settings-title">Settings</h2>
        </header>
        <LoadedPart of={settings.state} retry={settings.refresh}>
          {(all) => (
            <SettingsTable
              caption="TURN settings"
              settings={all.filter(({ setting }) => setting.startsWith("turn."))}
            />
          )}
        </LoadedPart>
      </section>
    </>
  );
}

function TurnBadge({ turn }: Pick<ServerFacts, "turn">) {
  const { label, tone } = states[turn?.state ?? "off"];
  return (
    <span class="badge" data-tone={tone}>
      {label}
    </span>
  );
}

function NotListening({ problems }: Pick<ServerFacts, "problems">) {
  const remedy = remedyOf(problems, turnEvents);
  return (
    <div class="alert" data-tone="away">
      <p>TURN is on, but not listening. {remedy ?? "The log lines from the start of the server show why."}</p>
    </div>
  );
}

function TurnUrls({ turn: { allocations, urls, users } }: { readonly turn: TurnFacts }) {
  return (
    <>
      <dl class="settings-facts">
        <div>
          <dt>Allocations</dt>
          <dd>{formatCount(allocations)}</dd>
        </div>
        <div>
          <dt>Users</dt>
          <dd>{formatCount(users)}</dd>
        </div>
      </dl>
      <div class="url-list">
        <ul>
          {urls.map((url) => (
            <li key={url}>
              <code>{url}</code>
            </li>
          ))}
        </ul>
        <CopyButton label="Copy the URLs" text={urls.join("\n")} />
      </div>
    </>
  );
}
