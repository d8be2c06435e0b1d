/** The token in an `Authorization` header with the scheme Bearer (RFC 6750 §2.1); undefined for any other header. */
export function bearerToken(authorization: string | null | undefined): string | undefined {
  return authorization ? /^bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}
