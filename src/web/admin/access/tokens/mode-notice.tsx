import type { AccessMode } from "../access-facts.ts";

/** Says where tokens do not decide alone who may enter. */
export function ModeNotice({ mode }: { readonly mode: AccessMode | undefined }) {
  if (mode === "open") {
    return (
      <div class="alert">
        <p>
          <strong>This server needs no room tokens.</strong> Its access mode is open: anyone who can reach it may enter
          every room without a token. To require tokens, start it with <code class="whole">--auth-mode token</code>.
          Tokens that you create here are valid from then on.
        </p>
      </div>
    );
  }
  if (mode === "webhook") {
    return (
      <div class="alert">
        <p>
          <strong>Your application decides who may enter.</strong> The access mode is webhook: the server forwards each
          token to your application, and does not look at it. A token that you create here works only if your
          application accepts it.
        </p>
      </div>
    );
  }
  return null;
}
