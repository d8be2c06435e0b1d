import { useEffect, useRef } from "preact/hooks";

export interface SubPlace {
  readonly id: string;
  readonly label: string;
  readonly href: string;
}

export interface SubNavigationProps {
  /** The name of the navigation, for screen readers. */
  readonly label: string;
  readonly places: readonly SubPlace[];
  /** The id of the place that is shown. */
  readonly current: string;
}

/** Links to the places of a view, of which one is shown. On a phone they scroll to the side, and that one is in sight. */
export function SubNavigation({ current, label, places }: SubNavigationProps) {
  const links = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is another link
  useEffect(() => {
    const shown = links.current?.querySelector("[aria-current]");
    shown?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav ref={links} class="sub-navigation" aria-label={label}>
      {places.map(({ href, id, label: name }) => (
        <a key={id} href={href} aria-current={id === current ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
