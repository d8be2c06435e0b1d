import { YurtError } from "./errors.ts";
import { type ApiRequest, delay, type Requests } from "./requests.ts";
import { type ServerEvent, serverEvents } from "./server-events.ts";

const firstDelayMs = 500;
const longestDelayMs = 15_000;

/** Why the server ends a stream that a new one would not replace. */
const finalCodes: readonly unknown[] = ["document-deleted", "unauthorized"];

export interface FollowRequest extends ApiRequest {
  /** The id of the last event that the reader has. */
  readonly lastEventId?: string | undefined;
}

/**
 * Yields the events of a stream of the server. When the connection is lost, another one continues after the last event.
 *
 * Ends when `signal` aborts. Throws `YurtError` when the stream cannot go on; its code is `events-lost` if events that
 * are missing are no longer kept.
 */
export async function* follow(requests: Requests, request: FollowRequest): AsyncGenerator<ServerEvent> {
  const { signal } = request;
  const position = { lastEventId: request.lastEventId };
  for (let failures = 0; !isAborted(signal); failures += 1) {
    try {
      for await (const event of connection(requests, request, position)) {
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (isAborted(signal)) return;
      if (error instanceof YurtError && !isTemporary(error)) throw error;
    }
    await delay(Math.min(firstDelayMs * 2 ** failures, longestDelayMs), signal).catch(() => {});
  }
}

/** Yields the events of one connection after `position`, which it advances. */
async function* connection(
  requests: Requests,
  request: FollowRequest,
  position: { lastEventId: string | undefined },
): AsyncGenerator<ServerEvent> {
  const headers = { ...request.headers, "last-event-id": position.lastEventId };
  const { body } = await requests.send({ ...request, headers });
  if (body === null) return;
  for await (const event of serverEvents(body)) {
    position.lastEventId = event.id ?? position.lastEventId;
    if (event.event === "end") throwIfFinal(event);
    else yield event;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isTemporary({ status }: YurtError): boolean {
  return status === 429 || status >= 500;
}

function throwIfFinal({ data }: ServerEvent): void {
  const { code } = JSON.parse(data);
  if (!finalCodes.includes(code)) return;
  const status = code === "unauthorized" ? 401 : 404;
  throw new YurtError(`The server has ended the stream: ${code}.`, {
    ...{ code, status, errors: [], requestId: undefined, retryAfterMs: undefined },
  });
}
