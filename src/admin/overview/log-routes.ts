import * as v from "valibot";
import { jsonBody } from "../../api/bodies.ts";
import { demandNoPrefix } from "../../api/caller.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { json, type Route, route } from "../../api/route.ts";
import type { Log } from "../../ops/log.ts";
import { logLevels } from "../../ops/log-levels.ts";

export interface LogRoutesOptions {
  readonly log: Pick<Log, "level" | "info">;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
}

const common = { path: "/v1/server/log-level", tag: "Administration", needs: "docs:admin" } as const;
const why = "the log is that of the whole server";

const levelSchema = v.pipe(
  v.strictObject({
    level: v.pipe(v.picklist(logLevels), v.description("The minimum of lines that are written")),
  }),
  v.title("LogLevel"),
);

/** The routes of the level of the log. */
export function logRoutes({ limits, log }: LogRoutesOptions): readonly Route[] {
  const answers = { 200: { description: "The level", json: levelSchema } };
  return [
    route({
      ...common,
      method: "get",
      id: "getLogLevel",
      summary: "Tell the level of the log",
      answers,
      handle: ({ caller }) => {
        demandNoPrefix(caller, why);
        return json({ level: log.level });
      },
    }),
    route({
      ...common,
      method: "put",
      id: "setLogLevel",
      summary: "Set the level of the log, until the server is restarted or reads its configuration again",
      body: jsonBody(levelSchema, { description: "The level", maxBytes: () => limits.apiJsonBytes }),
      answers,
      handle: ({ body: { level }, caller }) => {
        demandNoPrefix(caller, why);
        const before = log.level;
        log.level = level;
        if (level !== before) log.info({ event: "log-level-set", level, before });
        return json({ level: log.level });
      },
    }),
  ];
}
