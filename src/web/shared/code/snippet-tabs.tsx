import { CopyButton } from "../copy-button.tsx";
import { Tabs } from "../tabs.tsx";
import { type CodeToken, highlight } from "./highlight.ts";
import { type Snippet, type SnippetFacts, snippets } from "./snippets.ts";

/** The code with which an app opens a room on this server, a tab for each client library. */
export function SnippetTabs(facts: SnippetFacts) {
  const tabs = snippets(facts).map((snippet) => ({
    id: snippet.id,
    label: snippet.label,
    content: () => <SnippetView key={snippet.id} snippet={snippet} />,
  }));
  return <Tabs label="Client libraries" tabs={tabs} />;
}

function SnippetView({ snippet: { install, code } }: { readonly snippet: Snippet }) {
  return (
    <div class="snippet">
      <div class="snippet-head">
        <code class="install">npm install {install}</code>
        <CopyButton label="Copy code" text={code} />
      </div>
      <pre data-snippet>
        <code>
          {code.split(/(?<=\n)/).map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
            <span key={index} class="code-line">
              {highlight(line).map((token, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity
                <Piece key={at} token={token} />
              ))}
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}

/** A string longer than this is a token: its end is hidden, though it is copied as a whole. */
const longestString = 120;

function Piece({ token: { kind, text } }: { readonly token: CodeToken }) {
  if (kind === "plain") return <>{text}</>;
  const isLong = kind === "string" && text.length > longestString;
  const classes = [`code-${kind}`, kind === "string" && "whole", isLong && "cut"].filter(Boolean);
  return <span class={classes.join(" ")}>{text}</span>;
}
