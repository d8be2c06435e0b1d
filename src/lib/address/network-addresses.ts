import { networkInterfaces } from "node:os";

/** The addresses at which other machines reach a listener on `host`; none for a listener on one address. */
export function networkAddresses(host: string): readonly string[] {
  const families = familiesOf(host);
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses
    .filter(({ internal, family, address }) => !internal && families.includes(family) && !isLinkLocal(address))
    .map(({ address }) => address);
}

/** A listener on `::` also takes IPv4. */
function familiesOf(host: string): readonly string[] {
  if (host === "0.0.0.0") return ["IPv4"];
  return host === "::" ? ["IPv4", "IPv6"] : [];
}

/** A link-local address needs the name of an interface: browsers do not open it. */
function isLinkLocal(address: string): boolean {
  return /^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address);
}
