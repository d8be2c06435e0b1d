import type { ComponentChildren } from "preact";
import type { TokenContents } from "../../../../client/server/access.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { formatAgo, formatTime } from "../../parts/formats.ts";
import { ShownName } from "../../parts/shown-name.tsx";

/** The most rooms that are listed. */
const mostRooms = 20;

/** The contents of a token, as it states them. */
export function TokenFacts({ contents }: { readonly contents: TokenContents }) {
  const { admin, audience, expiresAt, issuedAt, issuer, notBefore, tokenId, user } = contents;
  const rooms = Object.entries(contents.rooms);
  return (
    <section class="panel" aria-labelledby="contents-title">
      <h2 id="contents-title">What the token says</h2>
      <dl class="claims">
        <Fact label="User">{user === undefined ? "None" : <ShownName name={user} />}</Fact>
        <Fact label="Rooms">
          {admin && <p>Administrator's token</p>}
          {rooms.length === 0 && !admin && "None"}
          {rooms.length > 0 && (
            <ul>
              {rooms.slice(0, mostRooms).map(([pattern, access]) => (
                <li key={pattern}>
                  <ShownName name={pattern} />{" "}
                  <span class="badge">{access === "write" ? "read and write" : "read only"}</span>
                </li>
              ))}
              {rooms.length > mostRooms && <li>and {rooms.length - mostRooms} more</li>}
            </ul>
          )}
        </Fact>
        <Time label="Issued" at={issuedAt} />
        <Time label="Valid from" at={notBefore} />
        <Time label="Expires" at={expiresAt} />
        {issuer !== undefined && <Fact label="Issuer">{issuer}</Fact>}
        {audience !== undefined && <Fact label="Audience">{[audience].flat().join(", ")}</Fact>}
        {tokenId !== undefined && (
          <Fact label="Token id">
            <ShownName name={tokenId} /> · <a href={linkTo("access", ["revoke"], { tokenId })}>Revoke it</a>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ children, label }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Time({ at, label }: { readonly label: string; readonly at: number | undefined }) {
  const { clock } = useSession();
  if (at === undefined) return null;
  return (
    <Fact label={label}>
      {formatAgo(at, clock.now())} <span class="hint">{formatTime(at)}</span>
    </Fact>
  );
}
