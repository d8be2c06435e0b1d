import type { AddressCounts } from "../../lib/address/address-counts.ts";
import { Gate } from "../../lib/gate.ts";
import type { AccessRate, AccessRates } from "../../rooms/access-rates.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { Handshake, ProtocolSession } from "../../transport/protocol.ts";
import { Attachment, type AttachmentOptions } from "./attachment.ts";
import { type Addressed, decodeAddress, isKnownType, maxAddressBytes, messageTypes } from "./codec.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { hocuspocusEncoding } from "./encoding.ts";
import { StrangerDeadline } from "./stranger-deadline.ts";

const pong = Uint8Array.of(messageTypes.pong);

export interface SessionOptions extends AttachmentOptions {
  readonly rates: AccessRates;
  /** The documents of all connections, by their addresses. */
  readonly documents: AddressCounts;
}

/** The documents of one connection. A frame waits for earlier frames of its own document only. */
export class HocuspocusSession implements ProtocolSession {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #options: SessionOptions;
  readonly #attachments = new Map<string, Attachment>();
  /** The document of the last frame, and its address as it stands in frames: most frames belong to the same one. */
  #last: { readonly attachment: Attachment; readonly prefix: Uint8Array } | undefined;
  readonly #gate = new Gate();
  readonly #limit: ConcurrencyLimit;
  /** Limits the rate of the authorizations. */
  readonly #rate: AccessRate;
  readonly #deadline: StrangerDeadline;

  constructor(connection: Connection, handshake: Handshake, options: SessionOptions) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#options = options;
    this.#limit = new ConcurrencyLimit({
      max: options.limits.concurrentAuthorizations,
      filled: () => this.#gate.hold(),
      cleared: () => this.#gate.release(),
    });
    const { clock, limits } = options;
    this.#rate = options.rates.of(connection.remoteAddress);
    const passed = (detail: string) => connection.close(closeReasons.timeout, detail);
    this.#deadline = new StrangerDeadline({ clock, limits, passed });
  }

  receive(frame: Frame): void | Promise<void> {
    if (typeof frame === "string" || frame.byteLength <= 1) return this.#receiveUnaddressed(frame);
    const last = this.#last;
    if (last !== undefined && hasAddress(frame, last.prefix)) last.attachment.receive(frame, last.prefix.byteLength);
    else this.#receiveAddressed(frame);
    return this.#gate.released;
  }

  #receiveAddressed(frame: Uint8Array): void {
    const { address, offset } = this.#decodeAddress(frame);
    const known = this.#attachments.get(address);
    if (known === undefined && !isKnownType(frame[offset])) {
      this.#ignored();
      return;
    }
    const attachment = known ?? this.#attach(address);
    if (attachment === undefined) {
      this.#refuseDocument(address, frame[offset]);
      return;
    }
    this.#last = { attachment, prefix: frame.slice(0, offset) };
    attachment.receive(frame, offset);
  }

  /** Refuses the document, unless the message is beside it. */
  oversized(frame: Frame, detail: string): void {
    if (typeof frame === "string") throw new SessionError(closeReasons.frameTooLarge, detail);
    const { address, offset } = this.#decodeAddress(frame);
    const type = frame[offset];
    if (type === messageTypes.awareness || type === messageTypes.stateless) {
      this.#options.dropped.report(this.#connection, "limits.relay-frame-bytes", {
        count: 1,
        detail: `${frame.byteLength} bytes`,
      });
      return;
    }
    const attachment = this.#attachments.get(address) ?? this.#attach(address);
    attachment?.refuse(closeReasons.frameTooLarge, detail);
  }

  closed(): void {
    this.#deadline.close();
    const attachments = [...this.#attachments.values()];
    this.#options.documents.remove(this.#connection.remoteAddress, attachments.length);
    // A frame that waits may still detach one: it is counted out already.
    this.#attachments.clear();
    for (const attachment of attachments) attachment.close();
  }

  #decodeAddress(frame: Uint8Array): Addressed {
    return decodeAddress(frame, maxAddressBytes(this.#options.limits.nameBytes));
  }

  /** Handles a frame that belongs to no document. */
  #receiveUnaddressed(frame: Frame): void {
    const type = typeof frame === "string" ? undefined : frame[0];
    if (type === messageTypes.ping) this.#connection.send(pong);
    else if (type !== messageTypes.pong) this.#ignored();
  }

  #ignored(): void {
    this.#options.metrics.ignoredMessages.inc({ protocol: "hocuspocus" });
  }

  /** Returns undefined when the connection, or its address, has too many documents already. */
  #attach(address: string): Attachment | undefined {
    const { documents, limits } = this.#options;
    if (this.#attachments.size >= limits.documentsPerConnection) return undefined;
    if (!documents.take(this.#connection.remoteAddress)) return undefined;
    const separator = address.indexOf("\0");
    const name = separator < 0 ? address : address.slice(0, separator);
    const attachment = new Attachment(
      {
        connection: this.#connection,
        handshake: this.#handshake,
        concurrency: this.#limit,
        rate: this.#rate,
        name,
        nameFault: checkRoomName(name, limits.nameBytes),
        address,
        filled: () => this.#gate.hold(),
        cleared: () => this.#gate.release(),
        standingChanged: (before, after) => this.#deadline.changed(before, after),
        detached: () => {
          if (this.#attachments.delete(address)) documents.remove(this.#connection.remoteAddress);
          this.#last = undefined;
          this.#deadline.detached();
        },
      },
      this.#options,
    );
    this.#attachments.set(address, attachment);
    this.#deadline.attached();
    return attachment;
  }

  /** Denies a document over the limit. Only Authentication is answered, and the connection keeps no state of it. */
  #refuseDocument(address: string, type: number | undefined): void {
    if (type !== messageTypes.auth) return;
    const { denied, refused } = hocuspocusEncoding(address);
    const { limitedLog, limits, metrics } = this.#options;
    const { name: reason } = closeReasons.forbidden;
    const detail =
      this.#attachments.size >= limits.documentsPerConnection
        ? `limits.documents-per-connection: more than ${limits.documentsPerConnection} documents`
        : `limits.documents-per-address: more than ${limits.documentsPerAddress} documents`;
    this.#connection.send(denied(`${reason}: ${detail}`));
    this.#connection.send(refused);
    metrics.refusedSessions.inc({ reason });
    metrics.bounds.detailed(detail);
    limitedLog.info({ event: "document-refused", protocol: "hocuspocus", reason, detail });
  }
}

/** Whether a frame begins with the address in `prefix`, and has a message behind it. */
function hasAddress(frame: Uint8Array, prefix: Uint8Array): boolean {
  const { byteLength } = prefix;
  if (frame.byteLength <= byteLength) return false;
  for (let index = 0; index < byteLength; index += 1) if (frame[index] !== prefix[index]) return false;
  return true;
}
