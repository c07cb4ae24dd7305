/** Light or dark: as the system has it, unless somebody chose. */
import { useSyncExternalStore } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "seam-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

const chosen = (): Theme => THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "system";

/** What is shown. */
function shownTheme(): "light" | "dark" {
  const theme = chosen();
  if (theme !== "system") return theme;
  return system.matches ? "dark" : "light";
}

/** Shows the theme from now on; called once. */
export function startTheme(): void {
  const show = (): void => {
    document.documentElement.dataset["bsTheme"] = shownTheme();
    for (const listener of listeners) listener();
  };
  system.addEventListener("change", show);
  listeners.add(() => (document.documentElement.dataset["bsTheme"] = shownTheme()));
  show();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  for (const listener of listeners) listener();
}

/** What was chosen. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, chosen);
/** What is shown, for what draws its own colours. */
export const useShownTheme = (): "light" | "dark" => useSyncExternalStore(subscribe, shownTheme);
