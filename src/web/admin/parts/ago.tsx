import { useSession } from "../entry/session.ts";
import { formatAgo, formatTime } from "./formats.ts";

export interface AgoProps {
  /** Null is shown as a dash. */
  readonly time: string | null;
}

/** A time of the server as its distance from now. The time itself is in the tooltip. */
export function Ago({ time }: AgoProps) {
  const { clock } = useSession();
  if (time === null) return <>–</>;
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAgo(time, clock.now())}
    </time>
  );
}
