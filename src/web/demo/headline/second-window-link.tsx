/** Opens the room again, in a window of half a screen: beside this one if there is space. */
export function SecondWindowLink({ link }: { readonly link: URL }) {
  const open = (event: MouseEvent) => {
    // A click with a key pressed has a meaning of its own.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.open(link.href, "", windowFeatures());
  };
  return (
    <a class="button primary second-window" href={link.href} target="_blank" rel="noopener" onClick={open}>
      Open a second window
    </a>
  );
}

/** Without `noopener`, the window would get a copy of this one's session storage, and with it its identity. */
function windowFeatures(): string {
  const { availWidth, availHeight } = screen;
  const width = Math.max(360, Math.floor(availWidth / 2));
  const isLeft = window.screenX + window.outerWidth / 2 < availWidth / 2;
  return `popup,noopener,width=${width},height=${availHeight},left=${isLeft ? availWidth - width : 0},top=0`;
}
