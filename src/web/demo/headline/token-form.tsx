import { useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";
import { tokenOf, withToken } from "../room-name.ts";

export interface TokenFormProps {
  readonly client: RoomClient;
  readonly mode: "open" | "token" | "webhook";
  readonly room: string;
  readonly link: URL;
}

/** Asks for a token where the server denies access without one, or with the one of the address. */
export function TokenForm({ client, mode, room, link }: TokenFormProps) {
  const server = useValue(client.server.state);
  const [token, setToken] = useState("");
  if (server.kind !== "refused" || mode === "open") return null;
  const enter = (event: SubmitEvent) => {
    event.preventDefault();
    const address = withToken(token.trim(), link);
    history.replaceState(null, "", address);
    location.reload();
  };
  return (
    <form class="alert token-form" data-tone="away" onSubmit={enter}>
      <p>
        <strong>
          {tokenOf(link) === undefined ? "This server requires a token." : "The server does not accept this token."}
        </strong>{" "}
        Paste one that is valid for the room <code class="whole">{room}</code>.{" "}
        {mode === "token" ? (
          <>
            To create one, run <code class="whole">yurt token {quotedForShell(room)}</code> where the server runs.
          </>
        ) : (
          <>Your app decides which tokens it accepts.</>
        )}
      </p>
      <div class="token-row">
        <label>
          <span class="unseen">Token</span>
          <input
            type="text"
            value={token}
            placeholder="eyJ…"
            autoComplete="off"
            spellcheck={false}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary" disabled={token.trim() === ""}>
          Enter the room
        </button>
      </div>
    </form>
  );
}

function quotedForShell(room: string): string {
  return `'${room.replaceAll("'", "'\\''")}'`;
}
