import { useEffect, useRef, useState } from "preact/hooks";
import type { Access } from "../../../../client/tokens.ts";
import { SnippetTabs } from "../../../shared/code/snippet-tabs.tsx";
import { CopyButton } from "../../../shared/copy-button.tsx";
import { webSocketUrls } from "../../../shared/server-addresses.ts";
import { Tabs } from "../../../shared/tabs.tsx";
import { serverUrl } from "../../entry/session.ts";
import { formatTime } from "../../parts/formats.ts";
import type { AccessFacts } from "../access-facts.ts";
import { TextField } from "../text-field.tsx";
import { demoLink, sharedBase } from "./demo-link.ts";
import type { OrderedToken } from "./ordered-token.ts";
import { exampleRoom, isPattern, matchesRoom } from "./room-pattern.ts";
import { TokenLink } from "./token-link.tsx";

export interface TokenResultProps {
  readonly created: OrderedToken;
  readonly facts: AccessFacts;
  readonly forget: () => void;
}

/** Shows a new token: as a link, as code, and as text. */
export function TokenResult({ created, facts, forget }: TokenResultProps) {
  const { expiresAt, rooms, token } = created;
  const patterns = Object.entries(rooms);
  const [room, setRoom] = useState(() => firstRoom(patterns));
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const access = accessTo(room, patterns);
  const base = sharedBase(serverUrl(), facts.publicUrl);
  const isFree = patterns.length > 1 || isPattern(room) || patterns.some(([pattern]) => isPattern(pattern));
  return (
    <section class="panel stack token-result" aria-labelledby="result-title">
      <header>
        <h2 id="result-title" ref={title} tabIndex={-1}>
          Your token
        </h2>
        <button type="button" class="quiet" onClick={forget}>
          Done
        </button>
      </header>
      <p class="hint">
        Copy it now: it is not stored, and is gone when you leave this page. It is valid until {formatTime(expiresAt)}.
      </p>
      {isFree && (
        <TextField
          label="Room of the link and the code"
          value={room}
          set={setRoom}
          isWrong={access === undefined}
          hint={access === undefined ? "The token does not open this room." : undefined}
        />
      )}
      <Tabs
        label="Forms of the token"
        tabs={[
          {
            id: "link",
            label: "Link",
            content: () => (
              <TokenLink link={demoLink(base, { room, token })} mode={facts.mode} room={room} token={token} />
            ),
          },
          {
            id: "code",
            label: "Code",
            content: () => (
              <div class="stack">
                {access === "read" && facts.storesDocuments && (
                  <p class="hint">
                    y-webrtc is left out: nothing enforces read-only access between browsers, only the server does.
                  </p>
                )}
                <SnippetTabs
                  room={room}
                  urls={webSocketUrls(base)}
                  isSyncServed={facts.storesDocuments}
                  isProtected
                  isReadOnly={access === "read"}
                  token={token}
                  password={undefined}
                />
              </div>
            ),
          },
          {
            id: "token",
            label: "Token",
            content: () => (
              <div class="stack">
                <p class="token-text">{token}</p>
                <CopyButton label="Copy token" text={token} isPrimary />
              </div>
            ),
          },
        ]}
      />
    </section>
  );
}

/** A room without a pattern, if the token has one. */
function firstRoom(patterns: readonly (readonly [string, Access])[]): string {
  const [name] = patterns.find(([pattern]) => !isPattern(pattern)) ?? [];
  return name ?? exampleRoom(patterns[0]?.[0] ?? "");
}

function accessTo(room: string, patterns: readonly (readonly [string, Access])[]): Access | undefined {
  const matching = patterns.flatMap(([pattern, access]) => (matchesRoom(pattern, room) ? [access] : []));
  return matching.includes("write") ? "write" : matching[0];
}
