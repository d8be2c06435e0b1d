import { useValue } from "../../shared/value.ts";
import { YurtMark } from "../../shared/yurt-mark.tsx";
import { InviteButton, type InviteProps } from "../invite/invite-button.tsx";
import type { RoomClient } from "../room-client.ts";
import { headline } from "./headline-text.ts";
import { SecondWindowLink } from "./second-window-link.tsx";

export interface MastheadProps extends InviteProps {
  readonly client: RoomClient;
  /** The address of this page. */
  readonly link: URL;
  readonly hasToken: boolean;
}

/** The first thing that a stranger reads: which product this is, and whether it works. */
export function Masthead({ client, link, hasToken, ...invite }: MastheadProps) {
  const server = useValue(client.server.state);
  const access = useValue(client.access.state);
  const isStored = client.websocketDisabledReason === undefined;
  const { tone, title, text } = headline({ server, access, isStored, hasToken });
  return (
    <header class="masthead" data-server={server.kind}>
      <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
        <YurtMark />
      </svg>
      <div class="headline">
        <h1 data-tone={tone}>{title}</h1>
        <p class="subline" role="status">
          {tone === "good" && <span class="product">A self-hosted sync server for your Yjs app. </span>}
          <span class="detail">{text}</span>
        </p>
      </div>
      <div class="actions">
        <InviteButton {...invite} />
        <SecondWindowLink link={link} />
      </div>
    </header>
  );
}
