import { systemClock } from "../../lib/time/clock.ts";
import { OwnSecrets, passingSecrets } from "../../storage/secrets/own-secrets.ts";
import type { IceServers } from "../../turn/ice/ice-servers.ts";
import { hostAddresses } from "../../turn/network/host-addresses.ts";
import { type AccessPlace, openCommandAccess } from "../access/command-access.ts";
import { storedCertificate } from "../diagnosis.ts";
import { needsDataFolder, type TurnSettings } from "../server-options.ts";
import { type SettingValues, serverOptionsOf } from "../settings/settings.ts";
import { usualTurnPort, usualTurnTlsPort } from "../settings/turn/turn-settings.ts";
import { KnownIceServers } from "./known-ice-servers.ts";
import { needsSecret } from "./needs-secret.ts";
import { type OwnTurnUrls, ownTurnUrls } from "./own-urls.ts";
import { type FoundRelayAddresses, findRelayAddresses } from "./relay-addresses.ts";
import { addressWarnings } from "./turn-warnings.ts";

export interface FoundIceServers {
  readonly iceServers: IceServers;
  /** False if the server makes another secret at each start, so that it refuses the credentials of this command. */
  readonly isSecretKept: boolean;
  /** The reasons why clients may not reach this server's URLs, as texts for people. */
  readonly problems: readonly string[];
  /** The place of the secret if it is new: a server that runs already does not have it. */
  readonly newSecretIn: AccessPlace | undefined;
}

/**
 * The ICE servers of a server with these settings, for commands: they make credentials that the server accepts, and the
 * secret if there is none. They do not know whether the server listens. Rejects with `SecretsFileUnreadable`, `StoreError`, or
 * the system's error if an address of the settings cannot be resolved.
 */
export async function iceServersOf(values: SettingValues): Promise<FoundIceServers> {
  const options = serverOptionsOf(values);
  const { turn: settings, publicUrl } = options;
  if (settings === undefined) throw new TypeError("The settings of a server have those of TURN");
  const isKept = needsDataFolder(options) || options.cluster !== undefined;
  await using access = isKept ? await openCommandAccess(values) : undefined;
  const ownSecrets = access?.secrets ?? new OwnSecrets(passingSecrets);
  const secrets = ownSecrets.turn(settings.secrets);
  const listening = settings.isEnabled ? await hostAddresses(settings.listen) : [];
  const found = await findRelayAddresses({ settings, listening });
  const urls = urlsOf(values, { settings, listening, found });
  const warnings = settings.isEnabled ? addressWarnings({ settings, found, listening, publicUrl }) : [];
  return {
    iceServers: new KnownIceServers({
      settings: () => settings,
      secrets: () => secrets,
      ownUrls: () => urls,
      clock: systemClock,
    }),
    isSecretKept: isKept || settings.secrets.length > 0 || !needsSecret(settings),
    problems: warnings.map(({ remedy }) => remedy),
    newSecretIn: ownSecrets.hasGenerated ? access?.place : undefined,
  };
}

interface Facts {
  readonly settings: TurnSettings;
  readonly listening: readonly string[];
  readonly found: FoundRelayAddresses;
}

/** Undefined without TURN, and if the setting takes any free port. */
function urlsOf(values: SettingValues, { settings, listening, found }: Facts): OwnTurnUrls | undefined {
  const { isEnabled, port = usualTurnPort, tlsPort = usualTurnTlsPort } = settings;
  if (!isEnabled || port === 0) return undefined;
  const certificateNames = tlsPort === 0 ? undefined : certificateNamesOf(values);
  return ownTurnUrls({
    port,
    tls: certificateNames && { port: tlsPort, certificateNames },
    listening,
    relayAddresses: found.addresses,
    publicUrl: values["public-url"],
  });
}

/** Undefined without HTTPS, before the first certificate, and if it cannot be read. */
function certificateNamesOf(values: SettingValues): readonly string[] | undefined {
  const { https, dataFolder } = serverOptionsOf(values);
  if (https === undefined) return undefined;
  try {
    return storedCertificate(https, dataFolder)?.names;
  } catch {
    return undefined;
  }
}
