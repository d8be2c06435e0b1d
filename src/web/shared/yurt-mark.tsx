/** A drawing of a yurt around the origin, about 60 wide and 40 high. */
export function YurtMark() {
  return (
    <g class="yurt">
      <path d="M-27 0 H27 V20 H-27 Z" />
      <path d="M-31 0 C-24 -10 -16 -15 -6 -17 H6 C16 -15 24 -10 31 0 Z" />
      <path d="M-6 -17 Q0 -23 6 -17" />
      <path class="yurt-lattice" d="M-27 0 L-13 10 M-13 0 L-27 10 M27 0 L13 10 M13 0 L27 10 M-27 10 H-7 M7 10 H27" />
      <path class="yurt-door" d="M-6 20 V5 H6 V20 Z" />
    </g>
  );
}
