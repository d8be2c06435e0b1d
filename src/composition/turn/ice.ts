import type { Authorizer } from "../../auth/authorizer.ts";
import { iceRoute } from "../../turn/ice/ice-route.ts";
import type { IceServers } from "../../turn/ice/ice-servers.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";

export interface IceOptions extends Pick<PartDependencies, "addresses" | "clock" | "limits"> {
  readonly authorizer: Authorizer;
  readonly iceServers: IceServers;
}

/** The part of a server that gives clients the URLs and credentials of STUN and TURN servers. */
export function openIce(options: IceOptions): Part {
  return {
    api: [iceRoute(options)],
    [Symbol.asyncDispose]: async () => {},
  };
}
