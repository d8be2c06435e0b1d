import packageJson from "../../../package.json" with { type: "json" };
import { apiKeyRoutes } from "../../admin/access/api-key-routes.ts";
import { type RevocationRoutesOptions, revocationRoutes } from "../../admin/access/revocation-routes.ts";
import { type EntryRoutesOptions, entryRoutes } from "../../admin/entry/entry-routes.ts";
import { type BackupRoutesOptions, backupRoutes } from "../../admin/overview/backup-routes.ts";
import { configurationRoutes } from "../../admin/overview/configuration-routes.ts";
import { FigureHistory } from "../../admin/overview/figure-history.ts";
import { logRoutes } from "../../admin/overview/log-routes.ts";
import { serverEventRoutes } from "../../admin/overview/server-event-routes.ts";
import { ServerFeed } from "../../admin/overview/server-feed.ts";
import { type ServerState, serverRoutes } from "../../admin/overview/server-routes.ts";
import { refusalRoutes } from "../../admin/refusals/refusal-routes.ts";
import { OpenRooms, type OpenRoomsOptions } from "../../admin/rooms/open-rooms.ts";
import { roomRoutes } from "../../admin/rooms/room-routes.ts";
import { RoomWatches } from "../../admin/rooms/room-watches.ts";
import type { EventStreams } from "../../api/events/event-streams.ts";
import type { AdminLink } from "../../auth/admin/admin-links.ts";
import type { KeptApiKeys } from "../../auth/keys/api-keys.ts";
import { RecentLog } from "../../ops/recent-log.ts";
import type { Certificate } from "../../tls/certificate.ts";
import type { Part } from "../part.ts";
import type { PartDependencies, ServerOptions } from "../server-options.ts";
import type { TurnFacts } from "../turn/turn.ts";

export interface AdministrationOptions
  extends Pick<PartDependencies, "clock" | "limits" | "log" | "metrics" | "originPolicy">,
    Pick<ServerOptions, "configuration" | "recent">,
    Pick<EntryRoutesOptions, "links" | "mint">,
    OpenRoomsOptions,
    BackupRoutesOptions,
    RevocationRoutesOptions,
    Pick<ServerState, "whyNotReady" | "backup" | "cluster" | "storesDocuments"> {
  /** Undefined for a server without API keys. */
  readonly apiKeys: KeptApiKeys | undefined;
  readonly streams: EventStreams;
  /** The certificate in use; undefined without one. */
  readonly certificate: () => Pick<Certificate, "names" | "expiresAt"> | undefined;
  /** Undefined for a server that gives clients no ICE servers. */
  readonly turn: () => TurnFacts | undefined;
}

export interface AdministrationPart extends Part {
  /** Makes a link for an administrator. */
  createLink(): Promise<AdminLink>;
}

/** The part of a server for its administrators: sign-in, state, rooms. */
export function openAdministration(options: AdministrationOptions): AdministrationPart {
  const { apiKeys, certificate, clock, links, originPolicy, turn, recent = new RecentLog() } = options;
  const rooms = new OpenRooms(options);
  const sources = { ...options, process: processFigures };
  const history = new FigureHistory(sources);
  const state: ServerState = {
    ...options,
    version: packageJson.version,
    startedAt: new Date(clock.now()).toISOString(),
    residentBytes: processFigures.residentBytes,
    turn: () => shownTurn(turn()),
    certificate: () => {
      const used = certificate();
      return used === undefined ? null : { names: [...used.names], expiresAt: new Date(used.expiresAt).toISOString() };
    },
  };
  return {
    createLink: async () => links.create(),
    api: [
      ...entryRoutes({ ...options, publicUrl: () => originPolicy.publicUrl }),
      ...roomRoutes({ rooms, watches: new RoomWatches({ ...options, rooms }) }),
      ...serverRoutes({ ...options, state, history, recent }),
      ...serverEventRoutes(new ServerFeed({ ...sources, history, recent })),
      ...backupRoutes(options),
      ...configurationRoutes({ configuration: options.configuration ?? (() => []) }),
      ...logRoutes(options),
      ...refusalRoutes({ ...options, recent }),
      ...revocationRoutes(options),
      ...(apiKeys === undefined ? [] : apiKeyRoutes({ ...options, keys: apiKeys })),
    ],
    [Symbol.asyncDispose]: async () => history.close(),
  };
}

function shownTurn(facts: TurnFacts | undefined): ReturnType<ServerState["turn"]> {
  return facts === undefined ? null : { ...facts, urls: [...facts.urls] };
}

const processFigures = {
  cpuMicroseconds: () => {
    const { system, user } = process.cpuUsage();
    return system + user;
  },
  residentBytes: () => {
    try {
      return process.memoryUsage.rss();
    } catch {
      // The process has no free descriptor to read it.
      return 0;
    }
  },
};
