import { errorCode } from "../../lib/error-code.ts";

/** Whether a listener has failed because this machine lacks the address, as it may lack ::1. */
export function isMissingAddress(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}
