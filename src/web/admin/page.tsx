import { useEffect, useState } from "preact/hooks";
import { useValue } from "../shared/value.ts";
import { takeCode } from "./entry/link-code.ts";
import { type Session, SessionContext } from "./entry/session.ts";
import { SignIn } from "./entry/sign-in.tsx";
import { Frame } from "./frame/frame.tsx";

/** The dashboard: the sign-in, and then the views. */
export function Page() {
  const [session, setSession] = useState<Session>();
  if (session === undefined) return <SignIn enter={setSession} />;
  return <SignedIn key={session.id} session={session} enter={setSession} />;
}

interface SignedInProps {
  readonly session: Session;
  readonly enter: (session: Session | undefined) => void;
}

function SignedIn({ enter, session }: SignedInProps) {
  const ended = useValue(session.ended);
  useEffect(() => () => session.close(), [session]);
  useEffect(() => {
    // A link that is opened in the tab of the dashboard is not needed any more.
    addEventListener("hashchange", takeCode);
    return () => removeEventListener("hashchange", takeCode);
  }, []);
  if (ended !== undefined) return <SignIn notice={ended} enter={enter} />;
  return (
    <SessionContext.Provider value={session}>
      <Frame signOut={() => enter(undefined)} />
    </SessionContext.Provider>
  );
}
