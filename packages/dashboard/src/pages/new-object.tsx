/** A new object: experiments by a form or by YAML, others by YAML. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { applyObject, kindOf } from "../api/kinds.ts";
import { yamlOf } from "../editor/manifest.ts";
import { texts } from "../texts.ts";
import { PageHead } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { useAction } from "../ui/use-action.ts";
import { type ExperimentForm, manifestIn, newWorkload, templateOf } from "./experiment-form.ts";
import { FormFields } from "./form-fields.tsx";
import { ObjectEditor } from "./object-editor.tsx";

const t = texts.objects;
const route = getRouteApi("/projects/$project/$kind/new");

export function NewObjectPage(): ReactElement {
  const { project, kind: word } = route.useParams();
  const kind = kindOf(word);
  const navigate = useNavigate();
  const onApplied = (name: string): void =>
    void navigate({ to: "/projects/$project/$kind/$name", params: { project, kind, name } });
  return (
    <>
      <PageHead title={t.add[kind]} about={project} />
      {kind === "experiments" ? (
        <NewExperiment project={project} onApplied={onApplied} />
      ) : (
        <NewByYaml
          key={kind}
          place={{ project, kind }}
          beginning={templateOf(kind, project)}
          onApplied={onApplied}
        />
      )}
    </>
  );
}

type ByYamlProps = {
  readonly place: Parameters<typeof ObjectEditor>[0]["place"];
  readonly beginning: string;
  readonly onApplied: (name: string) => void;
};

function NewByYaml({ place, beginning, onApplied }: ByYamlProps): ReactElement {
  const [text, setText] = useState(beginning);
  return <ObjectEditor text={text} onText={setText} place={place} onApplied={onApplied} />;
}

type Props = { readonly project: string; readonly onApplied: (name: string) => void };

const TABS = [
  ["form", t.form],
  ["yaml", t.yaml],
] as const;

function NewExperiment({ project, onApplied }: Props): ReactElement {
  const [tab, setTab] = useState<"form" | "yaml">("form");
  const [form, setForm] = useState<ExperimentForm>({
    name: "",
    lifetime: "",
    workloads: [newWorkload(1)],
  });
  const { isRunning, error, run } = useAction();
  const submit = async (): Promise<void> => {
    const at = { kind: "experiments", project, name: form.name } as const;
    await applyObject(at, manifestIn(project, form), { isDryRun: false });
    onApplied(form.name);
  };
  return (
    <Tabs tabs={TABS} chosen={tab} onChoice={setTab}>
      {tab === "yaml" ? (
        <NewByYaml
          place={{ project, kind: "experiments" }}
          beginning={yamlOf(manifestIn(project, form))}
          onApplied={onApplied}
        />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            run(submit);
          }}
        >
          <FormFields form={form} onForm={setForm} />
          {error === null ? null : <ProblemAlert error={error} />}
          <button type="submit" className="btn btn-primary" disabled={isRunning}>
            {t.add.experiments}
          </button>
        </form>
      )}
    </Tabs>
  );
}
