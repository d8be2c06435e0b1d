import type { Instruments } from "../instruments.ts";
import { apiOutcomes } from "../label-values.ts";

export type ApiMetrics = ReturnType<typeof createApiMetrics>;

/** Creates the metrics of the API under `/v1`. */
export function createApiMetrics(instruments: Instruments) {
  return {
    /** `refused`: the request could not be answered as it was; `limited`: it came too early; `failed`: the server could not. */
    apiRequests: instruments.counts("api_requests_total", "Requests to the API under /v1", { outcome: apiOutcomes }),
    apiRequestDuration: instruments.durations("api_request_seconds", "Requests to the API, until their answer begins"),
    eventStreams: instruments.gauge("api_event_streams", "Open event streams of the API"),
    purgedDocuments: instruments.counter("purged_documents_total", "Documents that were deleted, and removed for ever"),
  };
}
