/** Lists in pages: all that were asked for as one list, and whether there are more. */
import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";
import { call, type OperationId } from "./call.ts";
import type { Operations } from "../gen/api.ts";

type Page<T> = { readonly items: readonly T[]; readonly next: string | null };
/** Operations that answer pages. */
type Paged = {
  [K in OperationId]: Operations[K]["output"] extends Page<unknown> ? K : never;
}[OperationId];
type RowOf<K extends Paged> = Operations[K]["output"]["items"][number];

/** A list that grows by `more`. */
export type Rows<T> = {
  readonly data: readonly T[] | undefined;
  readonly error: unknown;
  readonly refetch: () => void;
  readonly more: (() => void) | null;
};

type Options = { readonly everyMs?: number; readonly isEnabled?: boolean };

/** Rows of an operation; the cursor is added to its query. */
export function useRows<K extends Paged>(
  id: K,
  input: Operations[K]["input"],
  { everyMs, isEnabled = true }: Options = {},
): Rows<RowOf<K>> {
  const query = useInfiniteQuery({
    queryKey: [id, input, "rows"],
    queryFn: ({ pageParam, signal }): Promise<Page<RowOf<K>>> =>
      call(id, withCursor(input, pageParam), signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    enabled: isEnabled,
    // A refusal stays one until somebody asks again; each is a row of the audit.
    refetchInterval: ({ state: { error } }) =>
      everyMs !== undefined && error === null ? everyMs : false,
    refetchOnWindowFocus: ({ state: { error } }) => error === null,
  });
  return {
    data: rowsOf(query.data),
    error: query.error,
    refetch: () => void query.refetch(),
    more: query.hasNextPage ? () => void query.fetchNextPage() : null,
  };
}

const rowsOf = <T>(data: InfiniteData<Page<T>> | undefined): readonly T[] | undefined =>
  data?.pages.flatMap(({ items }) => items);

const withCursor = <T extends { readonly query?: object }>(input: T, cursor: string): T =>
  cursor === "" ? input : { ...input, query: { ...input.query, cursor } };
