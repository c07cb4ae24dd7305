/** Small parts of pages. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useEffect, useState } from "react";
import { texts } from "../texts.ts";
import { ProblemAlert } from "./problem.tsx";

export const Waiting = (): ReactElement => (
  <div className="d-flex align-items-center gap-2 p-3" role="status">
    <span className="spinner-border spinner-border-sm" aria-hidden="true" />
    {texts.waiting}
  </div>
);

type LoadedProps<T> = {
  readonly query: UseQueryResult<T>;
  readonly children: (value: T) => ReactNode;
};

/** What a query answers; until then that it is waited for, and what went wrong beside what was known before. */
export function Loaded<T>({ query, children }: LoadedProps<T>): ReactElement {
  const { data, error, refetch } = query;
  return (
    <>
      {error === null ? null : <ProblemAlert error={error} onAgain={() => void refetch()} />}
      {data === undefined && error === null ? <Waiting /> : null}
      {data === undefined ? null : children(data)}
    </>
  );
}

type HeadProps = {
  readonly title: string;
  readonly about?: ReactNode;
  readonly children?: ReactNode;
};

/** The page's heading, which also names the window, and its actions. */
export function PageHead({ title, about, children }: HeadProps): ReactElement {
  useEffect(() => {
    document.title = `${title} · Seam`;
  }, [title]);
  return (
    <div className="d-flex flex-wrap align-items-start gap-2 mb-3">
      <div className="flex-grow-1">
        <h1 className="h3 mb-0" tabIndex={-1} id="page-title">
          {title}
        </h1>
        {about === undefined ? null : <p className="text-body-secondary mb-0">{about}</p>}
      </div>
      <div className="d-flex flex-wrap gap-2">{children}</div>
    </div>
  );
}

type EmptyProps = { readonly title: string; readonly todo: string; readonly children?: ReactNode };

/** Nothing is there: why, and what to do next. */
export const Empty = ({ title, todo, children }: EmptyProps): ReactElement => (
  <div className="empty text-center border rounded-3 p-5">
    <p className="fs-5 mb-1">{title}</p>
    <p className="text-body-secondary">{todo}</p>
    {children}
  </div>
);

const TONES: { readonly [word: string]: string } = {
  Ready: "success",
  allowed: "success",
  create: "success",
  Progressing: "primary",
  change: "primary",
  Pending: "secondary",
  Suspended: "secondary",
  Expired: "secondary",
  unchanged: "secondary",
  Degraded: "warning",
  denied: "warning",
  Warning: "warning",
};

/** A word of state, in its colour. */
export const State = ({ word }: { readonly word: string }): ReactElement => (
  <span className={`badge text-bg-${TONES[word] ?? "danger"}`}>{word}</span>
);

/** A moment, as people say it; the exact one on hover and for programs. */
export function Moment({ at }: { readonly at: string | null | undefined }): ReactElement {
  if (at === null || at === undefined) return <span>{texts.never}</span>;
  const moment = new Date(at);
  return (
    <time className="text-nowrap" dateTime={at} title={moment.toLocaleString()}>
      {agoOf(moment)}
    </time>
  );
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;
const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

function agoOf(moment: Date): string {
  const seconds = Math.round((moment.getTime() - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[3];
  return words.format(Math.trunc(seconds / size), unit);
}

type CopyProps = { readonly text: string; readonly label: string };

/** Puts a text on the clipboard, and says so. */
function Copy({ text, label }: CopyProps): ReactElement {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <button type="button" className="btn btn-sm btn-outline-primary" onClick={() => void copy()}>
      {isDone ? texts.copied : label}
    </button>
  );
}

type CommandProps = { readonly command: string };

/** What the command line calls it. */
export const Command = ({ command }: CommandProps): ReactElement => (
  <div className="command d-flex align-items-center gap-2 border rounded-2 px-2 py-1">
    <code className="flex-grow-1 text-break">{command}</code>
    <Copy text={command} label={texts.copy} />
  </div>
);
