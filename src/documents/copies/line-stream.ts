import type { Clock } from "../../lib/time/clock.ts";
import { StallTimer } from "./stalls.ts";

export interface LineStreamOptions {
  readonly clock: Clock;
  /** Called once, when the stream has ended for whatever reason. */
  readonly ended: () => void;
}

/** The bytes that are handed over at once, because a slow link needs time for a long line. */
const pieceBytes = 65_536;

/**
 * A body of these lines, which are read as the reader takes them. A reader that takes no piece for a minute is cut
 * off; a failure of the lines cuts it off as well.
 */
export function lineStream(
  lines: AsyncGenerator<string>,
  { clock, ended }: LineStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isOpen = true;
  /** The rest of a line that is being sent. */
  let rest = new Uint8Array();
  const end = () => {
    if (!isOpen) return;
    isOpen = false;
    timer.stop();
    lines.return(undefined).catch(() => {});
    ended();
  };
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  stalled.catch(() => {});
  const timer = new StallTimer(clock, () => {
    end();
    reject(new Error("the reader has taken nothing for a minute"));
  });
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      stalled.catch((error: unknown) => controller.error(error));
    },
    pull: async (controller) => {
      // The time in which the line is made is not the reader's.
      timer.stop();
      try {
        if (rest.byteLength === 0) {
          const { done, value } = await lines.next();
          if (done === true) {
            controller.close();
            end();
            return;
          }
          rest = encoder.encode(value);
        }
        controller.enqueue(rest.subarray(0, pieceBytes));
        rest = rest.subarray(pieceBytes);
        if (isOpen) timer.moved();
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel: end,
  });
}
