import { useEffect, useRef } from "preact/hooks";

/** Says why an action has failed, and scrolls so that it is seen: a dialog may be longer than the window. */
export function Problem({ why }: { readonly why: string }) {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another reason is shown as well
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [why]);
  return (
    <div ref={box} class="alert" data-tone="away" role="alert">
      <p>{why}</p>
    </div>
  );
}
