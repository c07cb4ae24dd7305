/** The page's beginning. */
import "bootstrap/dist/css/bootstrap.min.css";
import "./style.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/call.ts";
import { router } from "./router.tsx";
import { startTheme } from "./ui/theme.ts";

const LOOK_MS = 10_000;

/** Only what may come right by itself is asked again. */
const isPassing = (error: unknown): boolean =>
  error instanceof ApiError && (error.problem.status === 0 || error.problem.status >= 500);

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: LOOK_MS,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 3 && isPassing(error),
    },
  },
});

startTheme();
const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has an element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
