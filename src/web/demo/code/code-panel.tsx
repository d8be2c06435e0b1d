import { SnippetTabs } from "../../shared/code/snippet-tabs.tsx";
import type { SnippetFacts } from "../../shared/code/snippets.ts";

/** The code with which an app opens this room on this server. */
export function CodePanel(facts: SnippetFacts) {
  return (
    <section class="panel code" aria-labelledby="code-title">
      <h2 id="code-title">Use it in your app</h2>
      <SnippetTabs {...facts} />
    </section>
  );
}
