import type { Channel, OpenChannel } from "../../../src/transport/channel.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";

/** A quarter of an outbox of the default size. */
const slowBytes = 1024 * 1024;

/** A channel that delivers synchronously by `Connection.send`, in the order of joining. */
class FakeChannel implements Channel {
  readonly #members = new Set<Connection>();
  readonly #slow: ((connection: Connection) => void) | undefined;

  constructor(slow?: (connection: Connection) => void) {
    this.#slow = slow;
  }

  join(connection: Connection): void {
    if (connection.isOpen) this.#members.add(connection);
  }

  leave(connection: Connection): void {
    this.#members.delete(connection);
  }

  publish(frame: Frame, except?: Connection): void {
    for (const member of this.#members) {
      if (!member.isOpen) this.#members.delete(member);
      else if (member !== except) member.send(frame);
      if (member.unsentBytes > slowBytes) this.#slow?.(member);
    }
  }
}

export const openFakeChannel: OpenChannel = (slow) => new FakeChannel(slow);
