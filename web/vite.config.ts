import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { pack } from "./tools/pack.ts";

// The proxy that a development server asks; `npm run dev` and a proxy on 8080 are enough to work on a page.
const PROXY = "http://127.0.0.1:8080";

export default defineConfig({
  base: "/dashboard/",
  plugins: [react(), tailwindcss(), pack()],
  build: {
    // What knows light-dark(), which the themes are made of.
    target: ["chrome123", "firefox128", "safari17.5"],
    // The policy of the pages allows no inline script, and every file comes from the same server anyway.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": PROXY } },
});
