/** What stands around every page: the menu, the session, the connection. */
import { Link, Outlet, useParams, useRouterState } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { useLiveState } from "../api/live.ts";
import { SessionProvider, useIdentity, useSession } from "../api/session.tsx";
import { texts } from "../texts.ts";
import { PageHead, Waiting } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { Navigation } from "./navigation.tsx";
import { SignInPage } from "./sign-in.tsx";

export function Shell(): ReactElement {
  const { data: identity, error, refetch } = useIdentity();
  if (error !== null)
    return (
      <main className="container py-5">
        <ProblemAlert error={error} onAgain={() => void refetch()} />
      </main>
    );
  if (identity === undefined)
    return (
      <main>
        <Waiting />
      </main>
    );
  if (identity === null) return <SignInPage />;
  return (
    <SessionProvider identity={identity}>
      <Frame />
    </SessionProvider>
  );
}

function Frame(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const pathname = useRouterState({ select: ({ location }) => location.pathname });
  const { project } = useParams({ strict: false });
  useEffect(() => {
    setOpen(false);
    // Who cannot see that the page is another one hears its heading.
    if (document.activeElement?.closest("nav") !== null)
      document.querySelector<HTMLElement>("#page-title")?.focus();
  }, [pathname]);
  return (
    <div className="shell">
      <a className="skip btn btn-primary" href="#content">
        {texts.skip}
      </a>
      <header className="sidebar p-3 d-flex flex-column gap-3">
        <div className="d-flex align-items-center justify-content-between">
          <Link to="/" className="fs-4 fw-bold text-decoration-none text-body">
            Seam
          </Link>
          <button
            type="button"
            className="menu-button btn btn-outline-primary"
            aria-expanded={isOpen}
            aria-controls="navigation"
            onClick={() => setOpen(!isOpen)}
          >
            {texts.nav.menu}
          </button>
        </div>
        <nav
          id="navigation"
          aria-label={texts.nav.label}
          className={`flex-grow-1 d-flex flex-column${isOpen ? " is-open" : ""}`}
        >
          <Navigation project={project} />
        </nav>
        <Foot />
      </header>
      <main id="content" className="p-3 p-lg-4" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function Foot(): ReactElement {
  const { identity, signOut } = useSession();
  const live = useLiveState();
  return (
    <div className="small">
      <p className="mb-1 d-flex align-items-center gap-2" role="status">
        <span className={`live-dot${live === "live" ? " is-live" : ""}`} aria-hidden="true" />
        {texts.live[live]}
      </p>
      <div className="d-flex align-items-center justify-content-between gap-2">
        <span className="text-truncate" title={identity.user}>
          {identity.user}
        </span>
        <button
          type="button"
          className="btn btn-sm btn-outline-primary text-nowrap"
          onClick={() => void signOut()}
        >
          {texts.nav.signOut}
        </button>
      </div>
    </div>
  );
}

export const Missing = (): ReactElement => (
  <>
    <PageHead title={texts.problem.missing} about={texts.problem.missingTodo} />
    <Link to="/" className="btn btn-primary">
      {texts.problem.home}
    </Link>
  </>
);

type FailedProps = { readonly error: unknown; readonly reset: () => void };

/** A page that threw; the menu stays. */
export const Failed = ({ error, reset }: FailedProps): ReactElement => (
  <ProblemAlert error={error} onAgain={reset} />
);
