import { isLoopback, publicAddressOf } from "../../shared/server-addresses.ts";
import { withoutToken } from "../room-name.ts";

/** The addresses of the server, as `ServerConfig` has them. */
export interface SharedAddresses {
  readonly publicUrl: string | undefined;
  readonly networkUrls: readonly string[];
}

/**
 * The addresses to give to others, without the token, the best one first: the public URL, or those of the local network if
 * this page was opened by a name that means this machine only, or else its own.
 */
export function shareLinks(link: URL, config: SharedAddresses): readonly URL[] {
  const shared = withoutToken(link);
  if (config.publicUrl !== undefined || !isLoopback(link)) return [publicAddressOf(shared, config.publicUrl)];
  const inNetwork = config.networkUrls.map((url) => publicAddressOf(shared, url));
  return inNetwork.length > 0 ? inNetwork : [shared];
}
