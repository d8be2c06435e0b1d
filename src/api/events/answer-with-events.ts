import type { Answer, Call } from "../route.ts";
import type { StreamOrder } from "./event-streams.ts";

/** The reader of a stream: the sender of the request that the stream answers. */
export type StreamReader = Omit<StreamOrder, "ended">;

type StreamCall = Pick<
  Call<Record<never, never>, undefined>,
  "request" | "caller" | "counted" | "keepOpen" | "keepCaller"
>;

/** The answers of a route that answers with a stream. */
export const eventAnswers: Readonly<Record<number, Answer>> = {
  200: { description: "Server-sent events, until the client leaves", type: "text/event-stream" },
};

/**
 * Answers a call with the stream that `open` opens for its sender, and a HEAD with the headers of a stream alone. The
 * stream releases the caller when it ends. Rejects with the error of `open`.
 */
export async function answerWithEvents(
  call: StreamCall,
  open: (reader: StreamReader) => Response | Promise<Response>,
): Promise<Response> {
  const { caller, counted, request } = call;
  if (request.method === "HEAD") return empty();
  call.keepOpen();
  call.keepCaller();
  try {
    return await open({ caller, counted, request });
  } catch (error) {
    caller.release();
    throw error;
  }
}

function empty(): Response {
  return new Response(null, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}
