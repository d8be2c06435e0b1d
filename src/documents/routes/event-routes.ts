import { eventAnswers as answers, answerWithEvents } from "../../api/events/answer-with-events.ts";
import type { EventStreams } from "../../api/events/event-streams.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { flag, optionalInteger, text } from "../../api/parameters.ts";
import { Problem } from "../../api/problems.ts";
import { type Route, route } from "../../api/route.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Documents } from "../documents.ts";
import { followDocument } from "../events/follow-document.ts";
import { followDocuments } from "../events/follow-documents.ts";
import type { Guests } from "../presence/guests.ts";

export interface EventRoutesOptions {
  readonly documents: Documents;
  readonly streams: EventStreams;
  readonly guests: Guests;
  readonly limits: Pick<ApiLimits, "apiEventBytes">;
  readonly clock: Clock;
}

const tag = "Events";
const maxSequence = 999_999_999_999_999;

/** The routes that follow documents. */
export function eventRoutes({ clock, documents, guests, limits, streams }: EventRoutesOptions): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/docs/{doc}/events",
      id: "followDocument",
      tag,
      summary: "Follow the updates of a document",
      description:
        "`ready` tells the sequence from which updates follow, `update` has one as base64, or only its sequence if it is large, `end` tells why the stream ends. With `awareness`, `awareness` has an awareness update of y-protocols as base64, and `ready` the id of the stream, with which the client shows its own presence. A token of a room may be in the query, for EventSource.",
      needs: "docs:read",
      takesTokenInQuery: true,
      query: {
        since: optionalInteger({
          description: "The sequence that the client has; Last-Event-ID takes precedence",
          min: 0,
          max: maxSequence,
        }),
        awareness: flag("Whether to send the awareness of the clients in the document, too"),
        token: text("A room token, for programs that send no headers", 8_192),
      },
      headers: { "Last-Event-ID": "The id of the last event, to resume after it" },
      answers,
      problems: ["events-lost", "overloaded"],
      handle: (call) => {
        const since = lastEventId(call.request) ?? call.query.since;
        const { document, query } = call;
        return answerWithEvents(call, (reader) =>
          followDocument(
            { ...reader, document, since, hasPresence: query.awareness },
            { documents, guests, limits, streams },
          ),
        );
      },
    }),
    route({
      method: "get",
      path: "/v1/events",
      id: "followDocuments",
      tag,
      summary: "Follow which documents change",
      description:
        "`updated` has the name and the latest sequence of a document, at most once a second for each; `deleted`, `undeleted` and `purged` its name. Nothing is sent of what has happened before.",
      needs: "docs:read",
      query: { prefix: text("The names of the documents begin with this text") },
      answers,
      problems: ["overloaded"],
      handle: (call) => {
        const prefix = call.query.prefix ?? "";
        if (!prefix.startsWith(call.caller.prefix) && !call.caller.prefix.startsWith(prefix))
          throw new Problem("forbidden", "The API key is not for documents with this prefix.");
        const longer = prefix.length > call.caller.prefix.length ? prefix : call.caller.prefix;
        return answerWithEvents(call, (reader) =>
          followDocuments({ ...reader, prefix: longer }, { clock, documents, streams }),
        );
      },
    }),
  ];
}

function lastEventId({ headers }: Request): number | undefined {
  const id = headers.get("last-event-id");
  if (id === null || id === "") return undefined;
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new Problem("invalid-request", "The header Last-Event-ID is malformed.", {
    errors: [{ pointer: "Last-Event-ID", detail: "give the id of an event" }],
  });
}
