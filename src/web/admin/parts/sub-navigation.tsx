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

/** Links to the places of a view, of which one is shown. */
export function SubNavigation({ current, label, places }: SubNavigationProps) {
  return (
    <nav class="sub-navigation" aria-label={label}>
      {places.map(({ href, id, label: name }) => (
        <a key={id} href={href} aria-current={id === current ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
