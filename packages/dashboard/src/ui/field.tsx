/** Fields of forms, each with its label and, where it is not plain, a word of help. */
import type { ComponentProps, ReactElement } from "react";

type Common = { readonly label: string; readonly help?: string };

type FieldProps = Common & ComponentProps<"input">;

export function Field({ label, help, id, ...input }: FieldProps): ReactElement {
  const helpId = help === undefined ? undefined : `${id}-help`;
  return (
    <div className="mb-3">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <input className="form-control" id={id} aria-describedby={helpId} {...input} />
      {help === undefined ? null : (
        <div className="form-text" id={helpId}>
          {help}
        </div>
      )}
    </div>
  );
}

type ChoiceProps<T extends string> = Common & {
  readonly id: string;
  readonly value: T;
  readonly choices: readonly (readonly [T, string])[];
  readonly onChoice: (value: T) => void;
  readonly className?: string;
};

export function Choice<T extends string>(props: ChoiceProps<T>): ReactElement {
  const { label, help, id, value, choices, onChoice, className = "mb-3" } = props;
  const helpId = help === undefined ? undefined : `${id}-help`;
  return (
    <div className={className}>
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <select
        className="form-select"
        id={id}
        aria-describedby={helpId}
        value={value}
        onChange={(event) => {
          const chosen = choices.find(([each]) => each === event.target.value);
          if (chosen !== undefined) onChoice(chosen[0]);
        }}
      >
        {choices.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
      {help === undefined ? null : (
        <div className="form-text" id={helpId}>
          {help}
        </div>
      )}
    </div>
  );
}
