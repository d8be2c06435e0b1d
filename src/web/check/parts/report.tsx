/** The report as text, which the verdict's button copies. */
export function Report({ text }: { readonly text: string }) {
  return (
    <details class="panel foldable">
      <summary>Show the report</summary>
      <p class="hint">
        For the administrator of this server. The report contains IP addresses of this browser, but no token and no
        password.
      </p>
      <pre data-report>{text}</pre>
    </details>
  );
}
