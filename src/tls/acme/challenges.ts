const prefix = "/.well-known/acme-challenge/";

/** The answers to an authority's http-01 challenges (RFC 8555 §8.3), while it validates a domain. */
export class Challenges {
  readonly #answers = new Map<string, string>();

  /** Answers a challenge until the returned function is called. */
  answer(token: string, keyAuthorization: string): () => void {
    this.#answers.set(token, keyAuthorization);
    return () => this.#answers.delete(token);
  }

  /** Answers a request for a challenge; undefined for every other path. */
  readonly respond = (pathname: string): Response | undefined => {
    if (!pathname.startsWith(prefix)) return undefined;
    const answer = this.#answers.get(pathname.slice(prefix.length));
    if (answer === undefined) return new Response("No such challenge\n", { status: 404 });
    return new Response(answer, { headers: { "content-type": "application/octet-stream" } });
  };
}
