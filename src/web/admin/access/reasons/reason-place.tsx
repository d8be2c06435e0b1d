import { useEffect, useRef, useState } from "preact/hooks";
import { sentenceOf } from "../../data/sentence-of.ts";
import { type Session, useSession } from "../../entry/session.ts";
import { Problem } from "../../parts/problem.tsx";
import type { AccessPlaceProps } from "../access-place.ts";
import { LoggedRefusal } from "./logged-refusal.tsx";
import { type Question, QuestionForm } from "./question-form.tsx";
import { TokenFacts } from "./token-facts.tsx";
import { VerdictCard } from "./verdict-card.tsx";
import { type Asked, verdictsOf } from "./verdicts.ts";

/** An application has 3 seconds to decide. */
const longestMs = 10_000;

/** Asks the server why a client is refused, and says the answer in words. */
export function ReasonPlace({ facts, place }: AccessPlaceProps) {
  const session = useSession();
  const [asked, setAsked] = useState<Asked>();
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (asked !== undefined) shown.current?.focus();
  }, [asked]);
  const ask = async (question: Question) => {
    setBusy(true);
    setProblem(undefined);
    try {
      const answered = await answerTo(session, question);
      setAsked({ ...answered, room: question.room, mode: facts.mode, now: session.clock.now() });
    } catch (error) {
      setAsked(undefined);
      setProblem(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <>
      <LoggedRefusal query={place.query} />
      <div class="side-by-side">
        <QuestionForm query={place.query} isBusy={isBusy} ask={(question) => void ask(question)} />
        <div class="stack answer" ref={shown} tabIndex={-1}>
          {problem !== undefined && <Problem why={problem} />}
          {asked === undefined ? (
            <ReasonHelp />
          ) : (
            verdictsOf(asked).map((verdict) => (
              <VerdictCard key={verdict.title} verdict={verdict} room={asked.room} user={asked.answer.token?.user} />
            ))
          )}
          {asked?.answer.token !== undefined && <TokenFacts contents={asked.answer.token} />}
        </div>
      </div>
    </>
  );
}

function ReasonHelp() {
  return (
    <section class="aside-help" aria-labelledby="why-title">
      <h2 id="why-title">How this works</h2>
      <p>
        Browsers do not tell a page why a WebSocket was refused. This form asks the server the same question as the
        client's connection. It opens nothing and stores nothing.
      </p>
      <p>
        The client has the token and the room. In its browser's developer tools they are in the URL of the WebSocket,
        which you can paste as a whole.
      </p>
      <p>
        The user can also open the <a href="./check">connection test</a>, which finds problems of their network.
      </p>
    </section>
  );
}

/** The answer about the token, and whether the document is deleted. */
async function answerTo({ client }: Session, question: Question): Promise<Pick<Asked, "answer" | "isDeleted">> {
  const answer = await client.server.access.validate({ ...question, signal: AbortSignal.timeout(longestMs) });
  if (!answer.granted || question.kind !== "sync") return { answer };
  try {
    const { items } = await client.page({ deleted: true, prefix: question.room, limit: 1 });
    return { answer, isDeleted: items[0]?.name === question.room };
  } catch {
    // A server that stores no documents has none that is deleted, and a key with a prefix may not list them.
    return { answer };
  }
}
