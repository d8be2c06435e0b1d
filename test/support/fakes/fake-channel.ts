import type { Channel, OpenChannel } from "../../../src/transport/channel.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";

/** A channel that delivers synchronously by `Connection.send`, in the order of joining. */
class FakeChannel implements Channel {
  readonly #members = new Set<Connection>();

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
    }
  }
}

export const openFakeChannel: OpenChannel = () => new FakeChannel();
