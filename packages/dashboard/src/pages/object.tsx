/** One object: how it is, its YAML, its history. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactElement, Suspense, useState } from "react";
import { ask } from "../api/call.ts";
import { type At, kindOf, KINDS, manifestOf, removeObject } from "../api/kinds.ts";
import { textAt } from "../api/look.ts";
import { yamlOf } from "../editor/manifest.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Confirm } from "../ui/confirm.tsx";
import { Command, Loaded, PageHead, State, Waiting } from "../ui/parts.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { ObjectEditor } from "./object-editor.tsx";
import { ObjectHistory } from "./object-history.tsx";
import { ExperimentStatus } from "./experiment-status.tsx";

const t = texts.objects;
const route = getRouteApi("/projects/$project/$kind/$name");
/** Pods come and go without a change that the store tells of. */
const LOOK_MS = 2000;

/** It is large, and loaded when it is needed. */
const Topology = lazy(async () => ({ default: (await import("./topology.tsx")).Topology }));

export function ObjectPage(): ReactElement {
  const { project, kind: word, name } = route.useParams();
  const kind = kindOf(word);
  const navigate = useNavigate();
  const query = useQuery({
    ...ask(KINDS[kind].ids.get, { path: { project, name } }),
    refetchInterval: LOOK_MS,
  });
  const remove = async (): Promise<void> => {
    await removeObject({ project, kind, name });
    await navigate({ to: "/projects/$project/$kind", params: { project, kind } });
  };
  const phase = textAt(query.data, "status", "phase");
  return (
    <>
      <PageHead title={name} about={`${KINDS[kind].kind} · ${project}`}>
        {phase === "" ? null : (
          <span className="fs-5" role="status">
            <State word={phase} />
          </span>
        )}
        <Confirm
          label={texts.remove}
          title={t.removeTitle(name)}
          help={t.removeHelp}
          onSure={remove}
        />
      </PageHead>
      <Loaded query={query}>
        {(object) => <Parts key={`${kind}/${name}`} at={{ project, kind, name }} object={object} />}
      </Loaded>
    </>
  );
}

type Props = { readonly at: At; readonly object: SeamObject };
type Tab = "status" | "topology" | "yaml" | "history";

function Parts({ at, object }: Props): ReactElement {
  const isExperiment = at.kind === "experiments";
  const [tab, setTab] = useState<Tab>(isExperiment ? "status" : "yaml");
  const tabs: readonly Tab[] = isExperiment
    ? ["status", "topology", "yaml", "history"]
    : ["yaml", "history"];
  return (
    <Tabs tabs={tabs.map((each) => [each, t[each]] as const)} chosen={tab} onChoice={setTab}>
      {tab === "status" ? <ExperimentStatus object={object} /> : null}
      {tab === "topology" ? (
        <Suspense fallback={<Waiting />}>
          <Topology object={object} />
        </Suspense>
      ) : null}
      {tab === "yaml" ? <Yaml at={at} object={object} /> : null}
      {tab === "history" ? <ObjectHistory at={at} /> : null}
      <h2 className="h6 mt-4">{t.command}</h2>
      <Command
        command={`kubectl get ${KINDS[at.kind].resource} ${at.name} --namespace ${at.project} --output yaml`}
      />
    </Tabs>
  );
}

function Yaml({ at, object }: Props): ReactElement {
  // What somebody writes is not written over by what comes in meanwhile.
  const [text, setText] = useState(() => yamlOf(manifestOf(object)));
  const [done, setDone] = useState<number | null>(null);
  const { data } = useQuery(
    ask(KINDS[at.kind].ids.revisions, {
      path: { project: at.project, name: at.name },
      query: { limit: 1 },
    }),
  );
  const newest = data?.items[0]?.number;
  const [from, setFrom] = useState<number | undefined>();
  if (from === undefined && newest !== undefined) setFrom(newest);
  return (
    <>
      <ObjectEditor
        text={text}
        onText={setText}
        place={at}
        {...(from === undefined ? {} : { from })}
        onApplied={(_, revision) => {
          setDone(revision);
          setFrom(revision);
        }}
      />
      <p role="status" className="mt-2">
        {done === null ? "" : t.applied(done)}
      </p>
    </>
  );
}
