import { useState } from "preact/hooks";
import type { RevocationOrder } from "../../../../client/server/access.ts";
import { readToken } from "../../data/token-claims.ts";
import { useSession } from "../../entry/session.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { readPasted } from "../reasons/pasted-token.ts";
import { TextField } from "../text-field.tsx";
import { Effects, type Outcome, OutcomeReport } from "./effects.tsx";
import { effectsOf } from "./revocation-words.ts";

export interface RevokeFormProps {
  /** The parameters `user`, `room` and `tokenId` of the address fill the form. */
  readonly query: Readonly<Record<string, string>>;
  /** Whether the application is asked again about the clients whose permissions have ended. */
  readonly isAskedAgain: boolean;
  readonly revoked: () => void;
}

/** Asks what to revoke, says what that will do, and revokes it after a confirmation. */
export function RevokeForm({ isAskedAgain, query, revoked }: RevokeFormProps) {
  const session = useSession();
  const { access } = session.client.server;
  const [user, setUser] = useState(query["user"] ?? "");
  const [room, setRoom] = useState(query["room"] ?? "");
  const [tokenId, setTokenId] = useState(query["tokenId"] ?? "");
  const [asked, setAsked] = useState<RevocationOrder>();
  const [done, setDone] = useState<Outcome>();
  const target: RevocationOrder = { user: given(user), room: given(room), tokenId: idOf(tokenId) };
  const isWithoutId = tokenId.trim() !== "" && target.tokenId === undefined;
  const effects = isWithoutId ? [] : effectsOf(target);
  const own = readToken(session.token);
  const isOwn =
    target.room === undefined &&
    (target.tokenId === undefined
      ? target.user !== undefined && target.user === own?.user
      : target.tokenId === own?.tokenId);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (effects.length > 0) setAsked(target);
  };
  return (
    <div class="side-by-side">
      <form class="panel stack" aria-labelledby="revoke-title" onSubmit={submit}>
        <h2 id="revoke-title">Revoke permissions</h2>
        <TextField label="User id" value={user} set={setUser} placeholder="ann" />
        <TextField
          label="Room"
          value={room}
          set={setRoom}
          placeholder="notes/7 or notes/**"
          hint="A name or a pattern."
        />
        <TextField
          label="Token"
          value={tokenId}
          set={setTokenId}
          isWrong={isWithoutId}
          hint={
            isWithoutId
              ? "This token has no id. Revoke by its user or its rooms."
              : "The token itself, or its id (jti)."
          }
        />
        <p class="hint">Fill in at least one field. A permission is revoked if it matches all that you fill in.</p>
        <div class="actions">
          <button type="submit" class="button danger" disabled={effects.length === 0}>
            Revoke…
          </button>
        </div>
      </form>
      <section class="aside-help" aria-labelledby="effect-title" aria-live="polite">
        {done === undefined ? (
          <>
            <h2 id="effect-title">What will happen</h2>
            <Effects effects={effects} isAskedAgain={isAskedAgain} isOwn={isOwn} />
          </>
        ) : (
          <OutcomeReport outcome={done} again={() => setDone(undefined)} />
        )}
      </section>
      {asked !== undefined && (
        <ConfirmDialog
          title="Revoke permissions"
          action="Revoke"
          isDangerous
          close={() => setAsked(undefined)}
          confirm={async () => {
            setDone({ ...(await access.revoke(asked)), target: asked });
            revoked();
            for (const clear of [setUser, setRoom, setTokenId]) clear("");
          }}
        >
          <Effects effects={effectsOf(asked)} isAskedAgain={isAskedAgain} isOwn={isOwn} />
        </ConfirmDialog>
      )}
    </div>
  );
}

function given(text: string): string | undefined {
  return text.trim() === "" ? undefined : text.trim();
}

/** The id of a pasted token; a text that is no token is the id itself. Undefined for a token without an id. */
function idOf(text: string): string | undefined {
  const claims = readToken(readPasted(text).token);
  return claims === undefined ? given(text) : claims.tokenId;
}
