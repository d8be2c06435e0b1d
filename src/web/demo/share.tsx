import { useMemo } from "preact/hooks";
import { encode } from "uqr";
import { CopyButton } from "../shared/copy-button.tsx";

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface ShareProps {
  readonly link: URL;
  /** True when the server already requires a token. */
  readonly isProtected: boolean;
}

export function Share({ link, isProtected }: ShareProps) {
  return (
    <section class="panel share" aria-labelledby="share-title">
      <h2 id="share-title">Invite others</h2>
      <p class="link">
        <span class="whole">{link.origin + link.pathname}</span>
        <span class="whole">{link.search + link.hash}</span>
      </p>
      <CopyButton label="Copy link" text={link.href} />
      <details>
        <summary>Show QR code</summary>
        <QrCode text={link.href} />
        <p class="hint">The code contains this link: {link.href}</p>
      </details>
      {loopbackNames.has(link.hostname) && (
        <p class="hint">
          This link works on this machine only. For other devices, start Yurt with{" "}
          <code class="whole">--host 0.0.0.0{isProtected ? "" : " --auth-mode token"}</code> and open the demo at this
          machine's network address.
        </p>
      )}
    </section>
  );
}

function QrCode({ text }: { readonly text: string }) {
  const { size, data } = useMemo(() => encode(text, { border: 2 }), [text]);
  const path = data.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the link"
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
