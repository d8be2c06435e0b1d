import { Ago } from "../../parts/ago.tsx";
import { formatTime } from "../../parts/formats.ts";
import { reasonWords } from "./reason-words.ts";

/** The refusal of the log about which the address asks; nothing without one. */
export function LoggedRefusal({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { address, detail, reason, time } = query;
  if (reason === undefined) return null;
  const { remedy, title } = reasonWords(reason);
  const isTime = time !== undefined && !Number.isNaN(Date.parse(time));
  return (
    <div class="alert logged">
      <p>
        <strong>{title}</strong>
        {address !== undefined && <> · {address}</>}
        {isTime && (
          <>
            {" "}
            · <Ago time={time} />, {formatTime(time)}
          </>
        )}
      </p>
      {detail !== undefined && <p class="hint">{detail}</p>}
      <p>{remedy}</p>
      <p class="hint">The log has neither the token nor the room. Enter them below for the exact answer.</p>
    </div>
  );
}
