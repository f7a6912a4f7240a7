/** The frame of every page: where one can go, and the theme. */
import { useRef } from "react";
import { NavLink, Outlet } from "react-router";
import { Icon } from "../ui/Icon.tsx";
import { type Theme, useTheme } from "./theme.ts";

const PAGES = [
  { to: "/", name: "Overview", end: true },
  { to: "/traces", name: "Traces", end: false },
];
const LINK =
  "rounded px-2.5 py-1 text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:text-ink";

export function Shell() {
  const main = useRef<HTMLElement>(null);
  return (
    <div className="flex min-h-dvh flex-col bg-bg">
      <button
        type="button"
        onClick={() => main.current?.focus()}
        className="sr-only focus:not-sr-only focus:absolute focus:z-30 focus:bg-surface focus:p-2"
      >
        Skip to the page
      </button>
      <header className="flex h-11 shrink-0 items-center gap-5 border-b border-line bg-surface px-4">
        <NavLink to="/" end className="flex items-center gap-2 font-semibold tracking-tight">
          <img src="/dashboard/favicon.svg" alt="" className="size-5" />
          LLMTrace
        </NavLink>
        <nav aria-label="Pages" className="flex gap-1">
          {PAGES.map((page) => (
            <NavLink key={page.to} to={page.to} end={page.end} className={LINK}>
              {page.name}
            </NavLink>
          ))}
        </nav>
        <span className="flex-1" />
        <a href="/api/v1/openapi.json" className="text-xs text-muted hover:text-ink">
          API
        </a>
        <ThemeButton />
      </header>
      <main ref={main} tabIndex={-1} className="mx-auto flex w-full max-w-[1680px] flex-1 flex-col outline-none">
        <Outlet />
      </main>
    </div>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const [theme, choose] = useTheme();
  return (
    <button
      type="button"
      aria-label={`Theme: ${theme}; switch to ${NEXT[theme]}`}
      title={`Theme: ${theme}`}
      onClick={() => choose(NEXT[theme])}
      className="inline-flex h-7 min-w-7 items-center justify-center rounded px-1 text-muted hover:bg-raised hover:text-ink"
    >
      {theme === "system" ? <span className="text-2xs">Auto</span> : <Icon name={theme === "dark" ? "moon" : "sun"} />}
    </button>
  );
}
