/** Asks for what is shown anew; what was refused is not asked again by itself, as each refusal is a row of the audit. */
import type { Query, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./call.ts";

const REFUSED = 403;

/** Whether a query may be asked again without anybody wishing it. */
const isAskedAgain = ({ state: { error } }: Pick<Query, "state">): boolean =>
  !(error instanceof ApiError && error.problem.status === REFUSED);

/** All that is shown. */
export const refreshAll = (client: QueryClient): Promise<void> =>
  client.invalidateQueries({ predicate: isAskedAgain });
