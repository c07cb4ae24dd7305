/** A question in front of the page, by the browser's own dialog: it holds the focus, and Escape closes it. */
import { type ReactElement, type ReactNode, useEffect, useId, useRef } from "react";
import { texts } from "../texts.ts";

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons beside "Cancel". */
  readonly actions?: ReactNode;
};

export function Dialog({ title, onClose, children, actions }: Props): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} className="rounded-3 border p-0">
      <div className="p-4">
        <h2 className="h5" id={id}>
          {title}
        </h2>
        {children}
        <div className="d-flex justify-content-end gap-2 mt-3">
          <button
            type="button"
            className="btn btn-outline-primary"
            onClick={() => dialog.current?.close()}
          >
            {actions === undefined ? texts.close : texts.cancel}
          </button>
          {actions}
        </div>
      </div>
    </dialog>
  );
}
