/**
 * By how much the clock of a token's issuer may differ from the server's. A token is valid this much before its `nbf` and
 * after its `exp`, at admission as in a live session, so that no client is let in only to be closed at once.
 */
export const clockToleranceMs = 60_000;
