import type { ReadOptions, Requests } from "./requests.ts";

/** The settings of a webhook that can be changed. */
export interface WebhookSettings {
  /** Where messages go: `https://`. */
  readonly url: string;
  readonly description: string;
  /** The types of messages, such as `doc.updated`. */
  readonly events: readonly string[];
  /** The documents, by name or pattern. */
  readonly documents: readonly string[];
  /** The content of the document in a `doc.updated`: JSON, or the characters of its texts; null for none. */
  readonly include: "json" | "text" | null;
  /** Updates of a document are reported when there was none for this time, and at the latest after `maxWaitMs`. */
  readonly debounceMs: number;
  readonly maxWaitMs: number;
  readonly enabled: boolean;
}

export interface WebhookFacts extends WebhookSettings {
  readonly id: string;
  /** Why it is sent nothing; null if it is. */
  readonly disabled: { readonly reason: "request" | "gone" | "failing"; readonly at: string } | null;
  /** All attempts have failed since; null if the last one has not. */
  readonly failingSince: string | null;
  readonly createdAt: string;
}

export interface WebhookAttempt {
  readonly outcome: "delivered" | "gone" | "failed" | "interrupted";
  /** The status of the answer; null if there was none. */
  readonly status: number | null;
  readonly reason: string | null;
  readonly durationMs: number;
}

export interface WebhookDelivery {
  /** The header `webhook-id` of the message. */
  readonly id: string;
  readonly type: string;
  readonly document: string;
  readonly state: "waiting" | "delivered" | "gave-up";
  readonly failures: number;
  readonly nextAttemptAt: string | null;
  readonly lastAttempt: (WebhookAttempt & { readonly at: string }) | null;
}

/** A webhook with its newest secret, which is shown this once. */
export interface WebhookWithSecret extends WebhookFacts {
  readonly secret: string;
}

/** The change webhooks of a server. All methods reject with `YurtError`. */
export class Webhooks {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async list(options: ReadOptions = {}): Promise<readonly WebhookFacts[]> {
    const { items } = await this.#requests.json<{ items: WebhookFacts[] }>({ path: "/webhooks", ...options });
    return items;
  }

  get(id: string, options: ReadOptions = {}): Promise<WebhookFacts> {
    return this.#requests.json({ path: pathOf(id), ...options });
  }

  /** Adds a webhook; settings that are missing have their defaults. */
  create(settings: Partial<WebhookSettings> & Pick<WebhookSettings, "url">): Promise<WebhookWithSecret> {
    return this.#requests.json({ method: "POST", path: "/webhooks", body: settings });
  }

  /** Changes the settings that are given. */
  change(id: string, settings: Partial<WebhookSettings>): Promise<WebhookFacts> {
    return this.#requests.json({ method: "PATCH", path: pathOf(id), body: settings });
  }

  /** Removes a webhook with the messages that wait. */
  async delete(id: string): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: pathOf(id) });
  }

  /** Gives it a new secret. Messages are signed with the former one, too, for `overlapSeconds`: one day by default. */
  rotateSecret(id: string, overlapSeconds?: number): Promise<WebhookWithSecret> {
    return this.#requests.json({ method: "POST", path: `${pathOf(id)}/rotate-secret`, body: { overlapSeconds } });
  }

  /** Sends a `ping` now, and returns what has become of it. */
  test(id: string): Promise<WebhookAttempt> {
    return this.#requests.json({ method: "POST", path: `${pathOf(id)}/test` });
  }

  /** The messages that wait, that were given up, and the last ones that were delivered. */
  async deliveries(id: string, options: ReadOptions = {}): Promise<readonly WebhookDelivery[]> {
    const path = `${pathOf(id)}/deliveries`;
    const { items } = await this.#requests.json<{ items: WebhookDelivery[] }>({ path, ...options });
    return items;
  }

  /** Sends a message again, in its document's turn. */
  async redeliver(id: string, message: string): Promise<void> {
    const path = `${pathOf(id)}/deliveries/${encodeURIComponent(message)}/redeliver`;
    await this.#requests.send({ method: "POST", path });
  }
}

function pathOf(id: string): string {
  return `/webhooks/${encodeURIComponent(id)}`;
}
