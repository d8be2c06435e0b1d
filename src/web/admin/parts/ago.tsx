import { useNow } from "../data/use-now.ts";
import { useSession } from "../entry/session.ts";
import { formatAgo, formatTime } from "./formats.ts";

export interface AgoProps {
  /** Null is shown as a dash. */
  readonly time: string | null;
}

const tickMs = 10_000;

/** A time of the server as its distance from now, which grows. The time itself is in the tooltip. */
export function Ago({ time }: AgoProps) {
  const { clock } = useSession();
  useNow(tickMs);
  if (time === null) return <>–</>;
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAgo(time, clock.now())}
    </time>
  );
}
