import { useCallback, useEffect, useState } from "preact/hooks";
import { YurtMark } from "../../shared/yurt-mark.tsx";
import { sentenceOf } from "../data/sentence-of.ts";
import { takeCode } from "./link-code.ts";
import { Session } from "./session.ts";

export interface SignInProps {
  /** The reason why the visitor has to sign in again. */
  readonly notice?: string;
  readonly enter: (session: Session) => void;
}

/** Signs an administrator in, with the code of the link that has opened the page, or with a token. */
export function SignIn({ enter, notice }: SignInProps) {
  const [code, setCode] = useState(takeCode);
  const [problem, setProblem] = useState(notice);
  const [isBusy, setBusy] = useState(false);
  const attempt = useCallback(
    async (signIn: () => Promise<Session>) => {
      setBusy(true);
      setProblem(undefined);
      try {
        enter(await signIn());
      } catch (error) {
        setProblem(sentenceOf(error));
        setCode(undefined);
        setBusy(false);
      }
    },
    [enter],
  );
  useEffect(() => {
    if (code !== undefined) void attempt(() => Session.byCode(code));
  }, [code, attempt]);
  useEffect(() => {
    // The view before may have named a document.
    document.title = "Sign in · Yurt";
    // A link that is opened in the tab of the dashboard changes the fragment only.
    const read = () => setCode(takeCode());
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  if (code !== undefined) return <p class="notice">Signing in…</p>;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    if (typeof token === "string" && token.trim() !== "") void attempt(() => Session.byToken(token.trim()));
  };
  return (
    <main class="sign-in">
      <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
        <YurtMark />
      </svg>
      <h1>Yurt dashboard</h1>
      {problem !== undefined && (
        <div class="alert" role="alert">
          <p>{problem}</p>
        </div>
      )}
      <section class="panel" aria-labelledby="link-title">
        <h2 id="link-title">Sign in with a link</h2>
        <p>Create a link on the server. It works once, within 30 minutes.</p>
        <pre class="command">
          <code>yurt admin link</code>
        </pre>
      </section>
      <form class="panel" onSubmit={submit}>
        <h2>Sign in with a token</h2>
        <label>
          Administrator's token or API key
          <input name="token" type="password" autocomplete="off" spellcheck={false} required />
        </label>
        <p class="hint">
          Create a token with <code>yurt token --admin</code>. It stays in the memory of this page until you close or
          reload it.
        </p>
        <button type="submit" class="button primary" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
