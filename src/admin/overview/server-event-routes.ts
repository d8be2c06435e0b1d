import { demandNoPrefix } from "../../api/caller.ts";
import { eventAnswers as answers, answerWithEvents } from "../../api/events/answer-with-events.ts";
import { optionalChoice } from "../../api/parameters.ts";
import { type Route, route } from "../../api/route.ts";
import type { ServerFeed } from "./server-feed.ts";

const levels = ["trace", "debug", "info", "warn", "error"] as const;

/** The route that follows the figures and the log of the server. */
export function serverEventRoutes(feed: ServerFeed): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/server/events",
      id: "followServer",
      tag: "Administration",
      needs: "docs:admin",
      summary: "Follow the figures and the log of the server",
      description:
        "`figures` has one sample of the columns of `GET /v1/server/figures`, at once and every two seconds: the first is of the last 10 to 20 seconds, the others are of the last two. With `log`, `log` has a line of the log when it is written, with `time`, `level`, `event`, `remedy` and `fields`, and `log-omitted` the number of lines that were too many: more than 100 in a quarter of a second. Lines below `log.level` are not written. `end` tells why the stream ends.",
      query: {
        log: optionalChoice("The lowest level of the lines of the log; without it none are sent", levels),
      },
      answers,
      problems: ["overloaded"],
      handle: (call) => {
        demandNoPrefix(call.caller, "the server is more than the documents of a prefix");
        return answerWithEvents(call, (reader) => feed.follow(reader, call.query.log));
      },
    }),
  ];
}
