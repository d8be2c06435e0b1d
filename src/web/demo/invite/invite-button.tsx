import { useState } from "preact/hooks";
import { CopyButton } from "../../shared/copy-button.tsx";
import { Dialog } from "../../shared/dialog.tsx";
import { QrCode } from "../../shared/qr-code.tsx";
import { isLoopback } from "../../shared/server-addresses.ts";

export interface InviteProps {
  /** The addresses to give to others, the best one first. */
  readonly links: readonly URL[];
  /** True when the server listens on an address of its machine only. */
  readonly isServerLocal: boolean;
  /** True when the server requires a token, which the link does not contain. */
  readonly isProtected: boolean;
}

/** Opens the dialog with the link; on a phone, the system's own way to share it. */
export function InviteButton(props: InviteProps) {
  const { links } = props;
  const [isOpen, setOpen] = useState(false);
  const invite = () => {
    const [best] = links;
    if (best === undefined || isLoopback(best) || !isPhone()) setOpen(true);
    else void share(best).then((isShared) => setOpen(!isShared));
  };
  return (
    <>
      <button type="button" class="invite" onClick={invite}>
        Invite
      </button>
      {isOpen && (
        <Dialog title="Invite others" close={() => setOpen(false)}>
          <InviteForm {...props} />
        </Dialog>
      )}
    </>
  );
}

/** Resolves with false if the browser cannot share. */
async function share(link: URL): Promise<boolean> {
  if (!canShare()) return false;
  try {
    await navigator.share({ title: document.title, url: link.href });
    return true;
  } catch (error) {
    // The user has closed the system's dialog.
    return error instanceof DOMException && error.name === "AbortError";
  }
}

/** `share` exists in secure contexts only, and not in every browser. */
function canShare(): boolean {
  return "share" in navigator;
}

function isPhone(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

function InviteForm({ links, isServerLocal, isProtected }: InviteProps) {
  const [chosen, choose] = useState(0);
  const link = links[chosen];
  if (link === undefined) return null;
  return (
    <div class="share">
      {links.length > 1 && (
        <fieldset class="addresses">
          <legend class="hint">This machine has several addresses</legend>
          {links.map(({ href, host }, index) => (
            <label key={href}>
              <input type="radio" name="address" checked={index === chosen} onChange={() => choose(index)} />
              {host}
            </label>
          ))}
        </fieldset>
      )}
      <p class="link">
        <span class="whole">{link.origin + link.pathname}</span>
        <span class="whole">{link.search + link.hash}</span>
      </p>
      <div class="share-actions">
        <CopyButton label="Copy link" text={link.href} />
        {canShare() && (
          <button type="button" onClick={() => void share(link)}>
            Share…
          </button>
        )}
      </div>
      {isProtected && <p class="hint">The link holds no token: everyone needs one of their own.</p>}
      {isLoopback(link) ? (
        <p class="alert">
          <span>
            This link works on this machine only.{" "}
            {isServerLocal ? (
              <>
                For other devices, start Yurt with <code class="whole">--host 0.0.0.0 --auth-mode token</code> (or{" "}
                <code>open</code>, which lets everyone in).
              </>
            ) : (
              "For other devices, open this page at an address that they can reach, and invite from there."
            )}
          </span>
        </p>
      ) : (
        <QrCode text={link.href} />
      )}
    </div>
  );
}
