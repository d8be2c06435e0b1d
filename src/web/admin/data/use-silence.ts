import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Silence {
  /** Nothing was heard for so long. */
  readonly isSilent: boolean;
  /** Called with each event that is heard. */
  readonly heard: () => void;
}

/**
 * Tells when the events of a stream stay out that come at short intervals. A stream that is lost opens again by itself, and
 * says nothing while it cannot.
 */
export function useSilence(ms: number): Silence {
  const [isSilent, setSilent] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const heard = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSilent(true), ms);
    setSilent(false);
  }, [ms]);
  useEffect(() => {
    heard();
    return () => clearTimeout(timer.current);
  }, [heard]);
  return { isSilent, heard };
}
