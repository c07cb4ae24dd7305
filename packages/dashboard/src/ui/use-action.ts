/** One thing that somebody asked for: whether it runs, and why it failed. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { refreshAll } from "../api/refresh.ts";

type Action = {
  readonly isRunning: boolean;
  readonly error: unknown;
  /** Runs the work, and asks for everything shown anew after it. */
  readonly run: (work: () => Promise<unknown>) => void;
};

export function useAction(): Action {
  const client = useQueryClient();
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async (work: () => Promise<unknown>): Promise<void> => {
    setRunning(true);
    setError(null);
    try {
      await work();
      await refreshAll(client);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setRunning(false);
    }
  };
  return { isRunning, error, run: (work) => void start(work) };
}
