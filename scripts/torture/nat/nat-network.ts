import { Namespaces } from "./namespaces.ts";

/**
 * The kind of a NAT. `cone`: a port of a client is the same port outside, for all destinations. `symmetric`: it is another
 * one for each destination. `no-udp`: a firewall that lets only TCP through. All let nothing in that no one has asked for.
 */
export type NatKind = "cone" | "symmetric" | "no-udp";

export type Side = "a" | "b";

/** The address of the server, in the range for documentation (RFC 5737). */
export const serverAddress = "203.0.113.10";
export const publicRange = "203.0.113.0/24";

const publicNamespace = "pub";
const sides: readonly Side[] = ["a", "b"];
const outside = { a: "203.0.113.2", b: "203.0.113.3" } as const;
const inside = { a: "10.1.1", b: "10.1.2" } as const;

/**
 * Five namespaces: client A, its NAT, the public net with the server, the NAT of client B, and client B.
 */
export class NatNetwork implements AsyncDisposable {
  readonly #namespaces = new Namespaces();

  /** Rejects with the system's reason where namespaces or packet filters are not allowed. */
  static async open(): Promise<NatNetwork> {
    const network = new NatNetwork();
    try {
      await network.#build();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The words that run a command as a client behind its NAT, or on the server. */
  prefixOf(place: Side | "server"): readonly string[] {
    return this.#namespaces.prefixOf(place === "server" ? publicNamespace : clientOf(place));
  }

  async set(side: Side, kind: NatKind): Promise<void> {
    await this.#namespaces.filter(natOf(side), rulesOf(kind));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespaces[Symbol.asyncDispose]();
  }

  async #build(): Promise<void> {
    const all = this.#namespaces;
    await all.add(publicNamespace);
    await all.ip(publicNamespace, "link add bridge type bridge");
    await all.ip(publicNamespace, `addr add ${serverAddress}/24 dev bridge`);
    await all.ip(publicNamespace, "link set bridge up");
    for (const side of sides) {
      const [nat, client] = [natOf(side), clientOf(side)];
      await all.add(nat);
      await all.add(client);
      await all.connect(nat, "outside", publicNamespace, `to-${side}`);
      await all.ip(publicNamespace, `link set to-${side} master bridge`);
      await all.ip(nat, `addr add ${outside[side]}/24 dev outside`);
      await all.connect(client, "eth0", nat, "inside");
      await all.ip(nat, `addr add ${inside[side]}.1/24 dev inside`);
      await all.ip(client, `addr add ${inside[side]}.2/24 dev eth0`);
      await all.ip(client, `route add default via ${inside[side]}.1`);
      await all.forward(nat);
      await this.set(side, "cone");
    }
  }
}

const natOf = (side: Side) => `nat${side}`;
const clientOf = (side: Side) => `host${side}`;

/**
 * The rules of a NAT box. What comes from outside and belongs to nothing is dropped on the box itself: otherwise it would
 * occupy the port that a client's connection is to have, and even two cone NATs would fail.
 */
function rulesOf(kind: NatKind): string {
  const flags = kind === "symmetric" ? " random,fully-random" : "";
  const blocked = kind === "no-udp" ? "meta l4proto udp drop" : "";
  return `
table ip nat {
  chain leaving {
    type nat hook postrouting priority 100
    oifname "outside" masquerade${flags}
  }
}
table ip gate {
  chain arriving {
    type filter hook input priority 0
    iifname "outside" ct state new drop
  }
  chain passing {
    type filter hook forward priority 0
    iifname "outside" ct state new drop
    ${blocked}
  }
}
`;
}
