/** The fields of the guided form. */
import type { ReactElement } from "react";
import { texts } from "../texts.ts";
import { Choice, Field } from "../ui/field.tsx";
import { type ExperimentForm, newWorkload, type WorkloadForm } from "./experiment-form.ts";

const t = texts.form;
const NAME = "[a-z0-9]([\\-a-z0-9]*[a-z0-9])?";

type Props = {
  readonly form: ExperimentForm;
  readonly onForm: (form: ExperimentForm) => void;
};

export function FormFields({ form, onForm }: Props): ReactElement {
  const { name, lifetime, workloads } = form;
  const set = (workloadsNow: readonly WorkloadForm[]): void =>
    onForm({ ...form, workloads: workloadsNow });
  return (
    <>
      <div className="row">
        <div className="col-md-6">
          <Field
            id="name"
            label={t.name}
            help={t.nameHelp}
            value={name}
            onChange={({ target }) => onForm({ ...form, name: target.value })}
            pattern={NAME}
            maxLength={63}
            required
          />
        </div>
        <div className="col-md-6">
          <Field
            id="lifetime"
            label={t.lifetime}
            help={t.lifetimeHelp}
            value={lifetime}
            onChange={({ target }) => onForm({ ...form, lifetime: target.value })}
            pattern="([1-9][0-9]*(d|h|m|s))+"
          />
        </div>
      </div>
      {workloads.map((workload, index) => (
        <WorkloadFields
          // Names change while they are typed; the place does not.
          // oxlint-disable-next-line react/no-array-index-key
          key={index}
          number={index + 1}
          workload={workload}
          onWorkload={(next) => set(workloads.with(index, next))}
          onRemove={
            workloads.length === 1 ? null : () => set(workloads.filter((each) => each !== workload))
          }
        />
      ))}
      <button
        type="button"
        className="btn btn-outline-primary me-2"
        onClick={() => set([...workloads, newWorkload(workloads.length + 1)])}
      >
        {t.add}
      </button>
    </>
  );
}

type WorkloadProps = {
  readonly number: number;
  readonly workload: WorkloadForm;
  readonly onWorkload: (workload: WorkloadForm) => void;
  readonly onRemove: (() => void) | null;
};

function WorkloadFields({ number, workload, onWorkload, onRemove }: WorkloadProps): ReactElement {
  const id = (field: string): string => `${field}-${number}`;
  const set = (more: Partial<WorkloadForm>): void => onWorkload({ ...workload, ...more });
  return (
    <fieldset className="border rounded-3 p-3 mb-3">
      <legend className="fs-6 fw-semibold float-none w-auto px-2 mb-0">{t.workload(number)}</legend>
      <div className="row">
        <div className="col-md-4">
          <Field
            id={id("workload")}
            label={t.workloadName}
            value={workload.name}
            onChange={({ target }) => set({ name: target.value })}
            pattern={NAME}
            required
          />
        </div>
        <Choice
          id={id("kind")}
          className="col-md-4 mb-3"
          label={t.kind}
          value={workload.kind}
          choices={[
            ["Container", t.container],
            ["VirtualMachine", t.vm],
          ]}
          onChoice={(kind) => set({ kind })}
        />
        <div className="col-md-4">
          <Field
            id={id("image")}
            label={t.image}
            value={workload.image}
            onChange={({ target }) => set({ image: target.value })}
            required
          />
        </div>
      </div>
      <Field
        id={id("command")}
        label={t.command}
        help={t.commandHelp}
        value={workload.command}
        onChange={({ target }) => set({ command: target.value })}
      />
      <Amounts number={number} workload={workload} onWorkload={onWorkload} onRemove={null} />
      {onRemove === null ? null : (
        <button type="button" className="btn btn-sm btn-outline-danger" onClick={onRemove}>
          {t.remove(workload.name)}
        </button>
      )}
    </fieldset>
  );
}

const NUMBERS = [
  ["replicas", t.replicas, 1, 1000],
  ["gpu", t.gpu, 0, 64],
  ["port", t.port, 0, 65_535],
] as const;
const TEXTS = [
  ["cpu", t.cpu, t.cpuHelp],
  ["memory", t.memory, t.memoryHelp],
] as const;

const Amounts = ({ number, workload, onWorkload }: WorkloadProps): ReactElement => (
  <div className="row">
    {NUMBERS.map(([field, label, min, max]) => (
      <div className="col-6 col-lg-2" key={field}>
        <Field
          id={`${field}-${number}`}
          label={label}
          type="number"
          min={min}
          max={max}
          value={workload[field]}
          onChange={({ target }) => onWorkload({ ...workload, [field]: target.valueAsNumber || 0 })}
        />
      </div>
    ))}
    {TEXTS.map(([field, label, help]) => (
      <div className="col-6 col-lg-3" key={field}>
        <Field
          id={`${field}-${number}`}
          label={label}
          help={help}
          value={workload[field]}
          onChange={({ target }) => onWorkload({ ...workload, [field]: target.value })}
        />
      </div>
    ))}
  </div>
);
