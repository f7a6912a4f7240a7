/** Starts the dashboard. */
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { applyTheme, keptTheme } from "./app/theme.ts";
import "./app/theme.css";

applyTheme(keptTheme());
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
