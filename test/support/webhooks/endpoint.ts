import { eventTypes, type StoredEndpoint } from "../../../src/storage/webhook-store.ts";

/** An endpoint that is told of everything, except where `changed` says otherwise. */
export function endpointOf(id: string, changed: Partial<StoredEndpoint> = {}): StoredEndpoint {
  return {
    id,
    url: "https://app.example.com/hook",
    description: "",
    events: eventTypes,
    documents: ["**"],
    secrets: [{ secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", expiresAt: undefined }],
    debounceMs: 2_000,
    maxWaitMs: 10_000,
    createdAt: 1,
    disabled: undefined,
    failingSince: undefined,
    ...changed,
  };
}
