import type { Bus, BusPort } from "../cluster/bus.ts";
import type { Lead } from "../cluster/lead.ts";

export interface SharedDeliveryOptions {
  readonly bus: Bus;
  readonly lead: Lead;
}

/** The server is told by the others, or learns that it may have missed something. Its methods do not throw. */
export interface DeliveryListener {
  /** The server begins to deliver, or ceases to. */
  leadChanged(): void;
  /** A message about a document may have been added to the store, which is to be delivered now if `isUrgent`. */
  recorded(document: string, isUrgent: boolean): void;
  /** An endpoint was added, changed or removed. */
  endpointsChanged(): void;
  /** All of this may have happened, to whichever endpoint or document. */
  missed(): void;
}

const subject = "webhooks";
/** The first byte of a message; messages that begin otherwise are of later releases, and ignored. */
const kinds = { recorded: 1, urgent: 2, endpoints: 3 } as const;

/**
 * The delivery of webhooks by several servers: one of them delivers, and is told by the others what there is to deliver.
 * A message that is lost delays a delivery until something else is recorded of the document, or until a server joins or
 * leaves.
 */
export class SharedDelivery {
  readonly #lead: Lead;
  readonly #port: BusPort;

  constructor({ bus, lead }: SharedDeliveryOptions, listener: DeliveryListener) {
    this.#lead = lead;
    const missed = () => listener.missed();
    this.#port = bus.open(subject, {
      received: (_, document, message) => {
        if (message[0] === kinds.endpoints) listener.endpointsChanged();
        else if (message[0] === kinds.recorded) listener.recorded(document, false);
        else if (message[0] === kinds.urgent) listener.recorded(document, true);
      },
      joined: missed,
      lost: missed,
      missed,
    });
    lead.whenLeadChanges(() => listener.leadChanged());
  }

  /** Whether this server delivers. */
  get isLeading(): boolean {
    return this.#lead.isLeading;
  }

  recorded(document: string, isUrgent: boolean): void {
    if (!this.isLeading) this.#port.publish(document, Uint8Array.of(isUrgent ? kinds.urgent : kinds.recorded));
  }

  endpointsChanged(): void {
    this.#port.publish("", Uint8Array.of(kinds.endpoints));
  }
}
