import { openAuthorizer } from "../../src/auth/open-authorizer.ts";
import { describeAuthorizer } from "../contract/authorizer.ts";

const { signal } = new AbortController();

describeAuthorizer("the open authorizer", {
  authorizer: openAuthorizer,
  granted: [
    { kind: "sync", room: "notes", remoteAddress: "192.0.2.1", signal },
    { kind: "signaling", room: "__proto__", remoteAddress: "::1", signal },
  ],
  denied: [],
});
