import { eventually as eventuallySoon, pause } from "../eventually.ts";

/** As elsewhere, but asks less often, since each question takes the pages' time, and waits longer: they start slowly. */
export function eventually(what: string, holds: () => Promise<boolean> | boolean, withinMs = 25_000): Promise<void> {
  const asked = async () => {
    const answer = await holds();
    if (!answer) await pause(30);
    return answer;
  };
  return eventuallySoon(what, asked, withinMs);
}
