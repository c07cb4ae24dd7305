/** A button that asks before it does what cannot be taken back. */
import { type ReactElement, useState } from "react";
import { Dialog } from "./dialog.tsx";
import { ProblemAlert } from "./problem.tsx";
import { useAction } from "./use-action.ts";

type Props = {
  readonly label: string;
  /** Of the button among others alike. */
  readonly fullLabel?: string;
  readonly title: string;
  readonly help: string;
  readonly onSure: () => Promise<unknown>;
};

export function Confirm({ label, fullLabel = label, title, help, onSure }: Props): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const { isRunning, error, run } = useAction();
  const sure = async (): Promise<void> => {
    await onSure();
    setOpen(false);
  };
  return (
    <>
      <button
        type="button"
        className="btn btn-sm btn-outline-danger"
        aria-label={fullLabel}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen ? (
        <Dialog
          title={title}
          onClose={() => setOpen(false)}
          actions={
            <button
              type="button"
              className="btn btn-danger"
              disabled={isRunning}
              onClick={() => run(sure)}
            >
              {label}
            </button>
          }
        >
          <p>{help}</p>
          {error === null ? null : <ProblemAlert error={error} />}
        </Dialog>
      ) : null}
    </>
  );
}
