import type { Requests } from "../requests.ts";

/** A link that lets its reader in as an administrator, once. */
export interface AdminLink {
  readonly url: string;
  /** The secret part of the link, which `createAdminSession` takes. */
  readonly code: string;
  readonly expiresAt: string;
}

export interface AdminSession {
  /** An administrator's token. */
  readonly token: string;
  readonly expiresAt: string;
}

/** The administration of a server. It needs an administrator's token. All methods reject with `YurtError`. */
export class Administration {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Makes a link for an administrator. It needs an administrator's token: API keys are refused. */
  createAdminLink(): Promise<AdminLink> {
    return this.#requests.json({ method: "POST", path: "/admin/links" });
  }

  /** Exchanges the code of a link for a token. It needs no token. */
  createAdminSession(code: string): Promise<AdminSession> {
    return this.#requests.json({ method: "POST", path: "/admin/session", body: { code } });
  }
}
