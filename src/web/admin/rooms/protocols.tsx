import { protocolName } from "../parts/protocol-name.ts";

/** The names of protocols as badges; a dash for none. */
export function Protocols({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span class="hint">–</span>;
  return (
    <span class="protocols">
      {names.map((name) => (
        <span key={name} class="badge">
          {protocolName(name)}
        </span>
      ))}
    </span>
  );
}
