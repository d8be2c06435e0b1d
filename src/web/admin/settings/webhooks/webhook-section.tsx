import type { ViewProps } from "../../frame/address.ts";
import { WebhookDetail } from "./webhook-detail.tsx";
import { WebhookList } from "./webhook-list.tsx";

/** The webhooks, or the one that the address names. */
export function WebhookSection({ place }: ViewProps) {
  const [, id = ""] = place.path;
  return id === "" ? <WebhookList /> : <WebhookDetail key={id} id={id} />;
}
