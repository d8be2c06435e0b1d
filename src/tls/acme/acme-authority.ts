import type { Authorization, Client, Order } from "acme-client";
import { untilAborted } from "../../lib/abortable-wait.ts";
import { AcmeProblem, readProblem } from "./acme-problem.ts";
import type { AcmeAccount, AcmeStorage, StoredCertificate } from "./acme-storage.ts";
import type { Challenges } from "./challenges.ts";
import { fetchAdapter } from "./fetch-adapter.ts";

/** Issues certificates. */
export interface Authority {
  /**
   * Orders one certificate for all these domains. Rejects with `AcmeProblem` when the authority refuses, or with the
   * error of the network, or when `signal` aborts.
   */
  order(domains: readonly string[], signal: AbortSignal): Promise<StoredCertificate>;
}

export interface AcmeAuthorityOptions {
  readonly directoryUrl: URL;
  /** The contact of the account. */
  readonly email?: string;
  /** The PEM roots of a private authority. */
  readonly roots?: string;
  readonly storage: AcmeStorage;
  readonly challenges: Challenges;
}

const firstPollMs = 250;
const slowestPollMs = 5_000;
const polls = 40;

/** An ACME authority (RFC 8555), which validates domains by http-01. The account is created with the first order. */
export class AcmeAuthority implements Authority {
  readonly #options: AcmeAuthorityOptions;

  constructor(options: AcmeAuthorityOptions) {
    this.#options = options;
  }

  async order(domains: readonly string[], signal: AbortSignal): Promise<StoredCertificate> {
    const client = await this.#connect(signal);
    const order = await client.createOrder({ identifiers: domains.map((value) => ({ type: "dns", value })) });
    const forgotten: (() => void)[] = [];
    try {
      for (const authorization of await client.getAuthorizations(order)) {
        if (authorization.status !== "valid") forgotten.push(await this.#prove(client, authorization));
      }
      await validated(client, order, signal);
    } finally {
      for (const forget of forgotten) forget();
    }
    return finish(client, order, domains);
  }

  /** A client with a registered account. */
  async #connect(signal: AbortSignal): Promise<Client> {
    const { storage } = this.#options;
    const known = storage.readAccount();
    if (known === undefined) return this.#register(await newAccount(), signal);
    if (known.url === undefined || known.email !== this.#options.email) return this.#register(known, signal);
    const client = await this.#clientOf(known, signal);
    try {
      await client.updateAccount();
      return client;
    } catch (error) {
      // Authorities for tests forget their accounts.
      if (!(error instanceof AcmeProblem) || error.type !== "accountDoesNotExist") throw error;
      return this.#register({ privateKey: known.privateKey }, signal);
    }
  }

  /** Registers a new account, or the contact of a known one. The key is stored before the authority sees it. */
  async #register(account: AcmeAccount, signal: AbortSignal): Promise<Client> {
    const { email, storage } = this.#options;
    storage.writeAccount(account);
    const client = await this.#clientOf(account, signal);
    await client.createAccount({
      termsOfServiceAgreed: true,
      contact: email === undefined ? [] : [`mailto:${email}`],
    });
    storage.writeAccount({ privateKey: account.privateKey, url: client.getAccountUrl(), email });
    return client;
  }

  async #clientOf({ privateKey, url }: AcmeAccount, signal: AbortSignal): Promise<Client> {
    // Loaded late: a server without ACME does without these packages.
    const acme = await import("acme-client");
    acme.axios.defaults.adapter = fetchAdapter({ roots: this.#options.roots, signal });
    return new acme.Client({
      directoryUrl: this.#options.directoryUrl.href,
      accountKey: privateKey,
      ...(url !== undefined && { accountUrl: url }),
      backoffAttempts: polls,
      backoffMin: firstPollMs,
      backoffMax: slowestPollMs,
    });
  }

  /** Asks the authority to validate a domain. The returned function ends the answer to its challenge. */
  async #prove(client: Client, { challenges, identifier }: Authorization): Promise<() => void> {
    const challenge = challenges.find(({ type }) => type === "http-01");
    if (challenge === undefined) {
      throw new AcmeProblem("unsupported", "the authority does not offer http-01", identifier.value);
    }
    const answer = await client.getChallengeKeyAuthorization(challenge);
    const forget = this.#options.challenges.answer(challenge.token, answer);
    try {
      await client.completeChallenge(challenge);
      return forget;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

async function newAccount(): Promise<AcmeAccount> {
  const { crypto } = await import("acme-client");
  return { privateKey: String(await crypto.createPrivateEcdsaKey()) };
}

/** Resolves when the authority has validated all domains; rejects when it has not been able to. */
async function validated(client: Client, order: Order, signal: AbortSignal): Promise<void> {
  let waitMs = firstPollMs;
  for (let poll = 0; poll < polls; poll += 1) {
    const authorizations = await client.getAuthorizations(order);
    const failed = authorizations.find(({ status }) => status !== "pending" && status !== "valid");
    if (failed !== undefined) throw problemOf(failed);
    if (authorizations.every(({ status }) => status === "valid")) return;
    await untilAborted(Bun.sleep(waitMs), signal);
    waitMs = Math.min(2 * waitMs, slowestPollMs);
  }
  throw new AcmeProblem("connection", "the authority has not validated the domains in time", "order");
}

function problemOf({ identifier, challenges, status }: Authorization): AcmeProblem {
  const errors = challenges.map((challenge) => ("error" in challenge ? challenge.error : undefined));
  const problems = errors.map((error) => readProblem(error, identifier.value));
  return problems.find((problem) => problem !== undefined) ?? new AcmeProblem("malformed", status, identifier.value);
}

async function finish(client: Client, order: Order, domains: readonly string[]): Promise<StoredCertificate> {
  const { crypto } = await import("acme-client");
  const [privateKey, request] = await crypto.createCsr(
    { altNames: [...domains] },
    await crypto.createPrivateEcdsaKey(),
  );
  const chain = await client.getCertificate(await client.finalizeOrder(order, request));
  return { chain, privateKey: String(privateKey) };
}
