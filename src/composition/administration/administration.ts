import { type AdminLink, AdminLinks } from "../../admin/entry/admin-links.ts";
import { type EntryRoutesOptions, entryRoutes } from "../../admin/entry/entry-routes.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";

export interface AdministrationOptions
  extends Pick<PartDependencies, "clock" | "limits" | "metrics" | "originPolicy">,
    Pick<EntryRoutesOptions, "mint"> {}

export interface AdministrationPart extends Part {
  /** Makes a link for an administrator. */
  createLink(): AdminLink;
}

/** The part of a server by which administrators enter and look after it. */
export function openAdministration(options: AdministrationOptions): AdministrationPart {
  const links = new AdminLinks(options.clock);
  return {
    createLink: () => links.create(),
    api: entryRoutes({ ...options, links, publicUrl: () => options.originPolicy.publicUrl }),
    [Symbol.asyncDispose]: async () => {},
  };
}
