/** An object's YAML: planned, and then applied. */
import { lazy, type ReactElement, Suspense, useState } from "react";
import { type At, applyObject, type Manifest } from "../api/kinds.ts";
import { readManifest, type YamlFault } from "../editor/manifest.ts";
import type { Planned } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Waiting } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { useAction } from "../ui/use-action.ts";
import { PlanView } from "./plan.tsx";

const t = texts.objects;
/** It is large, and loaded when it is needed. */
const YamlEditor = lazy(async () => ({
  default: (await import("../editor/yaml-editor.tsx")).YamlEditor,
}));

type Props = {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly place: Pick<At, "kind" | "project">;
  /** The revision that the text was made from. */
  readonly from?: number;
  readonly onApplied: (name: string, revision: number) => void;
};

export function ObjectEditor({ text, onText, place, from, onApplied }: Props): ReactElement {
  const [plan, setPlan] = useState<Planned["plan"] | null>(null);
  const [fault, setFault] = useState<YamlFault | null>(null);
  const [force, setForce] = useState(false);
  const { isRunning, error, run } = useAction();
  const change = (isDryRun: boolean): void => {
    const read = readManifest(text);
    setPlan(null);
    setFault(read.ok ? null : read.error);
    if (!read.ok) return;
    const wish = { isDryRun, force, ...(from === undefined ? {} : { from }) };
    run(() => apply(read.value, wish));
  };
  const apply = async (
    manifest: Manifest,
    wish: { readonly isDryRun: boolean; readonly force: boolean },
  ): Promise<void> => {
    const { name } = manifest.metadata;
    const outcome = await applyObject({ ...place, name }, manifest, wish);
    if (outcome.isDryRun) setPlan(outcome.plan);
    else onApplied(name, outcome.revision);
  };
  return (
    <>
      <Suspense fallback={<Waiting />}>
        <YamlEditor kind={place.kind} text={text} onText={onText} />
      </Suspense>
      {fault === null ? null : <Fault fault={fault} />}
      {error === null ? null : <ProblemAlert error={error} />}
      {plan === null ? null : <PlanView plan={plan} />}
      <div className="d-flex flex-wrap align-items-center gap-3 mt-3">
        <button
          type="button"
          className="btn btn-outline-primary"
          disabled={isRunning}
          onClick={() => change(true)}
        >
          {t.plan}
        </button>
        <button
          type="button"
          className="btn btn-primary"
          disabled={isRunning}
          onClick={() => change(false)}
        >
          {t.apply}
        </button>
        <div className="form-check">
          <input
            className="form-check-input"
            type="checkbox"
            id="force"
            checked={force}
            onChange={({ target }) => setForce(target.checked)}
          />
          <label className="form-check-label" htmlFor="force">
            {t.force}
          </label>
        </div>
      </div>
    </>
  );
}

const Fault = ({ fault }: { readonly fault: YamlFault }): ReactElement => (
  <div className="alert alert-danger mt-3" role="alert">
    <p className="fw-semibold mb-1">{t.notYaml}</p>
    <p className="mb-0">{fault.message}</p>
  </div>
);
