import { useEffect, useRef } from "preact/hooks";
import { YurtMark } from "../../shared/yurt-mark.tsx";
import { Announcer } from "../parts/announcer.tsx";
import { linkTo, usePlace } from "./address.ts";
import { type View, views } from "./views.ts";

export interface FrameProps {
  readonly signOut: () => void;
}

/** The navigation and the view at the current place. */
export function Frame({ signOut }: FrameProps) {
  const place = usePlace();
  const view = views.find(({ id }) => id === place.view) ?? views[0];
  const { component: Content } = view;
  const main = useRef<HTMLElement>(null);
  const shown = useRef("");
  const title = [...place.path.slice(-1), view.label].join(" · ");
  const where = [view.id, ...place.path].join("/");
  useEffect(() => {
    document.title = `${title} · Yurt`;
    // A screen reader continues at the new view. At the beginning, the focus stays where the browser has it.
    if (shown.current !== "" && shown.current !== where) main.current?.focus();
    shown.current = where;
  }, [where, title]);
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="sidebar">
        <a class="home" href={linkTo(views[0].id)}>
          <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
            <YurtMark />
          </svg>
          <span>Yurt</span>
        </a>
        <nav aria-label="Dashboard">
          {views.map((each) => (
            <NavigationLink key={each.id} view={each} isCurrent={each === view} />
          ))}
        </nav>
        <div class="sidebar-end">
          <a class="aside" href="./">
            Demo
          </a>
          <a class="aside" href="./check">
            Connection test
          </a>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </div>
      </header>
      <main ref={main} data-view={view.id} tabIndex={-1}>
        <Content place={place} />
      </main>
      <Announcer />
    </div>
  );
}

function NavigationLink({ view, isCurrent }: { readonly view: View; readonly isCurrent: boolean }) {
  return (
    <a href={linkTo(view.id)} aria-current={isCurrent ? "page" : undefined}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d={view.icon} />
      </svg>
      <span>{view.label}</span>
    </a>
  );
}
