import type { Administration } from "../../../src/auth/administration.ts";
import { denialOf } from "../fakes/held-authorizer.ts";

/** The headers of an administrator. */
export const asAdministrator = { authorization: "Bearer administrator" };

export const administration: Administration = {
  refuse: async ({ headers }) =>
    headers.get("authorization") === asAdministrator.authorization ? undefined : denialOf("forbidden"),
};
