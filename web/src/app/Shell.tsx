/** The frame of every page: where one can go, whose data it is, who one is, and the theme. */
import { useRef } from "react";
import { Outlet } from "react-router";
import { useMay } from "../api/me.ts";
import { Icon } from "../ui/Icon.tsx";
import { NavLink } from "../ui/Link.tsx";
import { TenantChoice } from "./TenantChoice.tsx";
import { type Theme, useTheme } from "./theme.ts";
import { WhoMenu } from "./WhoMenu.tsx";

const PAGES = [
  { to: "/", name: "Overview", end: true },
  { to: "/traces", name: "Traces", end: false },
];
const ADMIN = { to: "/admin", name: "Admin", end: false };
const LINK =
  "rounded px-2.5 py-1 text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:text-ink";

export function Shell() {
  const main = useRef<HTMLElement>(null);
  const pages = useMay("admin") ? [...PAGES, ADMIN] : PAGES;
  return (
    <div className="flex min-h-dvh flex-col bg-bg">
      <button
        type="button"
        onClick={() => main.current?.focus()}
        className="sr-only focus:not-sr-only focus:absolute focus:z-30 focus:bg-surface focus:p-2"
      >
        Skip to the page
      </button>
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-4 py-1.5 sm:gap-x-5">
        <NavLink to="/" end className="flex items-center gap-2 font-semibold tracking-tight">
          <img src="/dashboard/favicon.svg" alt="" className="size-5" />
          LLMTrace
        </NavLink>
        <nav aria-label="Pages" className="order-2 flex flex-1 gap-1 sm:order-none sm:flex-none">
          {pages.map((page) => (
            <NavLink key={page.to} to={page.to} end={page.end} className={LINK}>
              {page.name}
            </NavLink>
          ))}
        </nav>
        <span className="flex-1" />
        {/* On a phone, pages and tenant stand in a second line. */}
        <span className="order-1 basis-full sm:hidden" />
        <TenantChoice />
        <a href="/api/v1/openapi.json" className="hidden text-xs text-muted hover:text-ink sm:inline">
          API
        </a>
        <ThemeButton />
        <WhoMenu />
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
