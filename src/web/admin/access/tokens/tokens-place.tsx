import { useState } from "preact/hooks";
import type { AccessPlaceProps } from "../access-place.ts";
import { ModeNotice } from "./mode-notice.tsx";
import type { OrderedToken } from "./ordered-token.ts";
import { TokenForm } from "./token-form.tsx";
import { TokenResult } from "./token-result.tsx";

/** Creates tokens for documents and rooms. A token is shown until the next one, or until the place is left. */
export function TokensPlace({ facts, place }: AccessPlaceProps) {
  const [created, setCreated] = useState<OrderedToken>();
  return (
    <>
      <ModeNotice mode={facts.mode} />
      <div class="side-by-side">
        <TokenForm query={place.query} created={setCreated} />
        {created === undefined ? (
          <TokenHelp />
        ) : (
          <TokenResult key={created.token} created={created} facts={facts} forget={() => setCreated(undefined)} />
        )}
      </div>
    </>
  );
}

function TokenHelp() {
  return (
    <section class="aside-help" aria-labelledby="help-title">
      <h2 id="help-title">What a token does</h2>
      <p>It lets anyone who has it enter the rooms that it names, with read or write access, until it expires.</p>
      <p>
        You get it as a link to the demo, as code for your app, and as text. The server does not keep it, so it is shown
        once.
      </p>
      <p>
        Create tokens for your users in your own application, after they have logged in there. Programs that call the
        HTTP API use an <a href="#/access/keys">API key</a> instead.
      </p>
    </section>
  );
}
