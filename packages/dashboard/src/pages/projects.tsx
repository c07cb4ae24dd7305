/** The projects that one may see. */
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { call } from "../api/call.ts";
import { listAt, textAt } from "../api/look.ts";
import { useRows } from "../api/pages.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Moment, PageHead, State } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";
import { useAction } from "../ui/use-action.ts";

const t = texts.projects;

const COLUMNS: readonly Column<SeamObject>[] = [
  {
    head: texts.name,
    cell: ({ metadata: { name } }) => (
      <Link
        to="/projects/$project/$kind"
        params={{ project: name, kind: "experiments" }}
        className="fw-semibold"
      >
        {name}
      </Link>
    ),
  },
  {
    head: texts.state,
    cell: (each) => <State word={textAt(each, "status", "phase") || "Pending"} />,
  },
  {
    head: t.experiments,
    cell: (each) => textAt(each, "status", "experiments") || "0",
    isNumber: true,
  },
  {
    head: t.members,
    cell: (each) => (
      <Link to="/projects/$project" params={{ project: each.metadata.name }}>
        {listAt(each, "spec", "members").length}
      </Link>
    ),
    isNumber: true,
  },
  {
    head: texts.age,
    cell: (each) => <Moment at={textAt(each, "metadata", "creationTimestamp")} />,
  },
];

export function ProjectsPage(): ReactElement {
  const [search, setSearch] = useState("");
  const [isNew, setNew] = useState(false);
  const rows = useRows("listProjects", { query: { search } });
  const add = (
    <button type="button" className="btn btn-primary" onClick={() => setNew(true)}>
      {t.add}
    </button>
  );
  return (
    <>
      <PageHead title={t.title} about={t.about}>
        <input
          type="search"
          className="form-control w-auto"
          placeholder={texts.search}
          aria-label={texts.search}
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        {add}
      </PageHead>
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={COLUMNS}
        keyOf={({ metadata }) => metadata.name}
        none={[t.none, t.noneTodo]}
      />
      {isNew ? <NewProject onClose={() => setNew(false)} /> : null}
    </>
  );
}

function NewProject({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [name, setName] = useState("");
  const { isRunning, error, run } = useAction();
  const navigate = useNavigate();
  const make = async (): Promise<void> => {
    const body = {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "Project",
      metadata: { name },
      spec: {},
    } as const;
    await call("applyProject", { path: { project: name }, body });
    await navigate({ to: "/projects/$project", params: { project: name } });
  };
  return (
    <Dialog
      title={t.addTitle}
      onClose={onClose}
      actions={
        <button type="submit" form="new-project" className="btn btn-primary" disabled={isRunning}>
          {t.add}
        </button>
      }
    >
      <form
        id="new-project"
        onSubmit={(event) => {
          event.preventDefault();
          run(make);
        }}
      >
        <Field
          id="project-name"
          label={texts.name}
          help={t.addHelp}
          value={name}
          onChange={({ target }) => setName(target.value)}
          pattern="[a-z0-9]([\-a-z0-9]*[a-z0-9])?"
          maxLength={63}
          required
        />
        {error === null ? null : <ProblemAlert error={error} />}
      </form>
    </Dialog>
  );
}
