import { CopyButton } from "../../../shared/copy-button.tsx";
import { QrCode } from "../../../shared/qr-code.tsx";
import { isLoopback } from "../../../shared/server-addresses.ts";
import { lastValue } from "../../data/loaded.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import type { AccessMode } from "../access-facts.ts";
import { verdictsOf } from "../reasons/verdicts.ts";

export interface TokenLinkProps {
  readonly link: URL;
  readonly room: string;
  readonly token: string;
  readonly mode: AccessMode | undefined;
}

/** A code with more characters has cells that are too small for the camera of a phone. */
const longestQrText = 900;

/** The link to the demo, with its QR code where other devices can open it. */
export function TokenLink({ link, mode, room, token }: TokenLinkProps) {
  return (
    <div class="stack">
      <p class="link-text">{link.href}</p>
      <div class="link-row">
        <CopyButton label="Copy link" text={link.href} isPrimary />
        <a class="button" href={link.href} target="_blank" rel="noreferrer">
          Open
        </a>
      </div>
      <p class="hint">
        The demo shows its own text, board and counter. What other apps have written is under{" "}
        <a href={linkTo("documents")}>Documents</a>.
      </p>
      <Checked mode={mode} room={room} token={token} />
      {isLoopback(link) ? (
        <p class="alert">
          <span>
            This link works on this machine only. For other devices, open the dashboard at an address that they can
            reach, or set <code>public-url</code>.
          </span>
        </p>
      ) : (
        link.href.length <= longestQrText && <QrCode text={link.href} />
      )}
    </div>
  );
}

/** The server's own answer about the new token: an application may reject it. */
function Checked({ mode, room, token }: Omit<TokenLinkProps, "link">) {
  const { client, clock } = useSession();
  const { access } = client.server;
  const { state } = useRead({
    key: `${room}\n${token}`,
    read: (signal) => access.validate({ room, token, signal }),
  });
  if (state.kind === "failed") {
    return (
      <p class="token-check" data-tone="away">
        {state.why}
      </p>
    );
  }
  const answer = lastValue(state);
  if (answer === undefined) return null;
  return (
    <>
      {verdictsOf({ answer, room, mode, now: clock.now() }).map(({ title, tone }) => (
        <p key={title} class="token-check" data-tone={tone}>
          {title}.
        </p>
      ))}
    </>
  );
}
