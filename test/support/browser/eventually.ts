import { eventually as eventuallySoon, pause } from "../eventually.ts";

/** Waits longer than the usual `eventually`, because pages start slowly, and polls less often, because it slows them down. */
export function eventually(what: string, holds: () => Promise<boolean> | boolean, withinMs = 25_000): Promise<void> {
  const asked = async () => {
    const answer = await holds();
    if (!answer) await pause(30);
    return answer;
  };
  return eventuallySoon(what, asked, withinMs);
}
