/** The report as text, which the verdict's button copies. */
export function Report({ text }: { readonly text: string }) {
  return (
    <details class="panel foldable">
      <summary>Show the report</summary>
      <p class="hint">
        For the person who runs this server. It holds no token and no password, but IP addresses of this browser.
      </p>
      <pre data-report>{text}</pre>
    </details>
  );
}
