import { useState } from "preact/hooks";
import { readToken } from "../../data/token-claims.ts";
import { ChoiceField } from "../choice-field.tsx";
import { TextField } from "../text-field.tsx";
import { isPattern } from "../tokens/room-pattern.ts";
import { readPasted } from "./pasted-token.ts";

/** A question about the access of a client. */
export interface Question {
  readonly room: string;
  readonly kind: "sync" | "signaling";
  /** Undefined for a client that sends none. */
  readonly token: string | undefined;
  /** The origin of the client's page; undefined for a program. */
  readonly origin: string | undefined;
}

export interface QuestionFormProps {
  /** The parameters `room`, `kind` and `origin` of the address fill the form. A token is never in an address. */
  readonly query: Readonly<Record<string, string>>;
  readonly isBusy: boolean;
  readonly ask: (question: Question) => void;
}

const kinds = [
  { value: "sync", label: "Document: y-websocket, Hocuspocus" },
  { value: "signaling", label: "Signaling room: y-webrtc, PeerJS and others" },
] as const;

/** Asks for what a refused client has sent. */
export function QuestionForm({ ask, isBusy, query }: QuestionFormProps) {
  const [text, setText] = useState("");
  const [room, setRoom] = useState(query["room"] ?? "");
  const [kind, setKind] = useState<Question["kind"]>(query["kind"] === "signaling" ? "signaling" : "sync");
  const [origin, setOrigin] = useState(query["origin"] ?? "");
  const paste = (pasted: string) => {
    setText(pasted);
    const named = roomIn(pasted);
    if (named !== undefined && room === "") setRoom(named);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const { token } = readPasted(text);
    ask({
      room,
      kind,
      token: token === "" ? undefined : token,
      origin: origin.trim() === "" ? undefined : origin.trim(),
    });
  };
  return (
    <form class="panel stack" aria-labelledby="question-title" onSubmit={submit}>
      <h2 id="question-title">What did the client send?</h2>
      <TextField
        label="Token"
        value={text}
        set={paste}
        lines={4}
        placeholder="eyJ… or the URL that the client uses"
        hint="Leave it empty for a client without a token."
      />
      <TextField label="Document or room" value={room} set={setRoom} isRequired placeholder="notes/7" />
      <ChoiceField label="Kind" value={kind} choices={kinds} set={setKind} />
      <TextField
        label="Origin of the page"
        value={origin}
        set={setOrigin}
        placeholder="https://app.example.com"
        hint="Optional. Programs have none."
      />
      <div class="actions">
        <button type="submit" class="button primary" disabled={isBusy}>
          Find the reason
        </button>
      </div>
    </form>
  );
}

/** The room of a pasted address, or the only one of a token. */
function roomIn(pasted: string): string | undefined {
  const { room, token } = readPasted(pasted);
  if (room !== undefined) return room;
  const [only, ...others] = readToken(token)?.rooms ?? [];
  return only === undefined || others.length > 0 || isPattern(only) ? undefined : only;
}
