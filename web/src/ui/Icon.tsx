/** The few pictures there are; decoration, so a reader of the screen hears the words beside them. */

const PATHS = {
  copy: "M5.5 5.5V3a1 1 0 0 1 1-1H13a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-2.5M3 5.5h6.5a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1Z",
  check: "m3 8.5 3.5 3.5L13 4.5",
  close: "m4 4 8 8m0-8-8 8",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.7-1.3L14 14",
  plus: "M8 3v10M3 8h10",
  right: "m6 3 5 5-5 5",
  down: "m3 6 5 5 5-5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  wrench: "M10 2.5a3.5 3.5 0 0 0-3.3 4.7L2 12l2 2 4.8-4.7A3.5 3.5 0 0 0 13.5 6l-2 1.5-2-1.5.5-3.5Z",
  image: "M2 3h12v10H2zM2 11l3.5-3.5L9 11l2-2 3 3M11 6h.01",
  key: "M4.5 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM7.5 8H14m-2 0v2.5",
  person: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14a5.5 5.5 0 0 1 11 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      viewBox="0 0 16 16"
      className="size-3.5 shrink-0"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      aria-hidden="true"
    >
      <path d={PATHS[name]} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
