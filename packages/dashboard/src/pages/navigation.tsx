/** The menu: the cluster's pages, those of the chosen project, one's own. */
import { Link, type LinkProps, useNavigate } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { useRows } from "../api/pages.ts";
import { texts } from "../texts.ts";

type ItemProps = LinkProps & { readonly children: ReactNode };

const Item = ({ children, ...link }: ItemProps): ReactElement => (
  <li className="nav-item">
    <Link
      {...link}
      className="nav-link"
      activeProps={{ className: "active", "aria-current": "page" }}
    >
      {children}
    </Link>
  </li>
);

type Props = { readonly project: string | undefined };

export function Navigation({ project }: Props): ReactElement {
  return (
    <>
      <ul className="nav flex-column">
        <Item to="/">{texts.nav.overview}</Item>
        <Item to="/projects" activeOptions={{ exact: true }}>
          {texts.nav.projects}
        </Item>
        <Item to="/nodes">{texts.nav.nodes}</Item>
        <Item to="/bandwidth">{texts.nav.bandwidth}</Item>
      </ul>
      <hr />
      <ProjectChoice project={project} />
      {project === undefined ? null : <ProjectItems project={project} />}
      <hr />
      <ul className="nav flex-column">
        <Item to="/audit">{texts.nav.audit}</Item>
        <Item to="/tokens">{texts.nav.tokens}</Item>
        <Item to="/accounts">{texts.nav.accounts}</Item>
        <Item to="/settings">{texts.nav.settings}</Item>
      </ul>
    </>
  );
}

function ProjectChoice({ project = "" }: Props): ReactElement {
  const { data = [] } = useRows("listProjects", { query: { limit: 500 } });
  const navigate = useNavigate();
  const names = data.map(({ metadata }) => metadata.name);
  const known = project === "" || names.includes(project) ? names : [project, ...names];
  return (
    <select
      className="form-select form-select-sm mb-2"
      aria-label={texts.project}
      value={project}
      onChange={({ target: { value } }) =>
        void navigate({
          to: "/projects/$project/$kind",
          params: { project: value, kind: "experiments" },
        })
      }
    >
      <option value="" disabled>
        {texts.nav.noProject}
      </option>
      {known.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

const KIND_PATHS = ["experiments", "policies", "services"] as const;

const ProjectItems = ({ project }: { readonly project: string }): ReactElement => (
  <ul className="nav flex-column">
    {KIND_PATHS.map((kind) => (
      <Item key={kind} to="/projects/$project/$kind" params={{ project, kind }}>
        {texts.nav[kind]}
      </Item>
    ))}
    <Item to="/projects/$project/benchmarks" params={{ project }}>
      {texts.nav.benchmarks}
    </Item>
    <Item to="/projects/$project/activity" params={{ project }}>
      {texts.nav.activity}
    </Item>
    <Item to="/projects/$project" params={{ project }} activeOptions={{ exact: true }}>
      {texts.nav.members}
    </Item>
  </ul>
);
