import { useId, useState } from "preact/hooks";
import type { IceServer } from "../diagnosis/ice-server.ts";
import { readPastedServers } from "../diagnosis/pasted-servers.ts";

export interface IdentityProps {
  readonly token: string;
  /** The room that the address names; empty if it names none. */
  readonly room: string;
  /** The room of the test. */
  readonly usedRoom: string;
  submit(token: string, room: string): void;
}

/** The fields for the token and the room of the test. */
export function Identity({ token, room, usedRoom, submit }: IdentityProps) {
  const id = useId();
  const [given, setGiven] = useState({ token, room });
  return (
    <form
      class="identity"
      onSubmit={(event) => {
        event.preventDefault();
        submit(given.token.trim(), given.room.trim());
      }}
    >
      <label for={`${id}-token`}>Token</label>
      <input
        id={`${id}-token`}
        type="password"
        autocomplete="off"
        spellcheck={false}
        placeholder="eyJ…"
        value={given.token}
        onInput={({ currentTarget }) => setGiven({ ...given, token: currentTarget.value })}
      />
      <label for={`${id}-room`}>Room</label>
      <input
        id={`${id}-room`}
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder={usedRoom}
        value={given.room}
        onInput={({ currentTarget }) => setGiven({ ...given, room: currentTarget.value })}
      />
      <button type="submit" class="button primary">
        Test with this token
      </button>
      <p class="hint">
        The token stays in this page's address, behind the #, and is sent to this server only. The test stores nothing
        in the room.
      </p>
    </form>
  );
}

export interface OtherServersProps {
  readonly isPasted: boolean;
  readonly isBusy: boolean;
  /** Tests these servers; undefined stands for the list of the server. */
  test(servers: readonly IceServer[] | undefined): void;
}

/** A field for ICE servers that are tested instead of those of the server. */
export function OtherServers({ isPasted, isBusy, test }: OtherServersProps) {
  const id = useId();
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const submit = () => {
    const read = readPastedServers(text);
    setFault(read.kind === "fault" ? read.message : "");
    if (read.kind === "servers") test(read.servers);
  };
  return (
    <details class="panel foldable">
      <summary>Test other ICE servers</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <label for={id}>
          The <code>iceServers</code> of your app, or one line for each URL with username and credential
        </label>
        <textarea
          id={id}
          rows={5}
          spellcheck={false}
          aria-describedby={`${id}-fault`}
          aria-invalid={fault !== ""}
          placeholder={'[{ "urls": "turn:HOST:3478", "username": "…", "credential": "…" }]'}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <p id={`${id}-fault`} class="fault" role="alert">
          {fault}
        </p>
        <div class="buttons">
          <button type="submit" disabled={isBusy}>
            Test these servers
          </button>
          {isPasted && (
            <button type="button" disabled={isBusy} onClick={() => test(undefined)}>
              Back to this server's list
            </button>
          )}
        </div>
      </form>
    </details>
  );
}
