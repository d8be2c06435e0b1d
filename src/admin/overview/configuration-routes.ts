import * as v from "valibot";
import { demandNoPrefix } from "../../api/caller.ts";
import { json, type Route, route } from "../../api/route.ts";

const setting = v.object({
  setting: v.pipe(v.string(), v.description("The key in the configuration file")),
  value: v.pipe(v.unknown(), v.description("The value with secrets masked; null if it is not set")),
  origin: v.pipe(v.string(), v.description("Where the value is from, for people")),
  reloadable: v.pipe(v.boolean(), v.description("Whether the running server takes a new value over")),
});
const configuration = v.pipe(v.object({ items: v.array(setting) }), v.title("Configuration"));

export interface ConfigurationRoutesOptions {
  /** The settings that were read last, with secrets masked. */
  readonly configuration: () => readonly v.InferOutput<typeof setting>[];
}

/** The route that shows the configuration of the server. */
export function configurationRoutes(options: ConfigurationRoutesOptions): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/server/configuration",
      id: "readConfiguration",
      tag: "Administration",
      needs: "docs:admin",
      summary: "Read all settings with their origins",
      description:
        "The settings in force, in the form of `yurt config show`, with secrets masked. A changed setting that is not reloadable keeps its former value until a restart.",
      answers: { 200: { description: "The settings", json: configuration } },
      handle: ({ caller }) => {
        demandNoPrefix(caller, "the configuration is that of the whole server");
        return json({ items: options.configuration() });
      },
    }),
  ];
}
