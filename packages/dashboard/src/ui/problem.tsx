/** A failure: what it was, which fields, and what to do. */
import type { ReactElement } from "react";
import { ApiError } from "../api/call.ts";
import { texts } from "../texts.ts";

type Props = { readonly error: unknown; readonly onAgain?: () => void };

export function ProblemAlert({ error, onAgain }: Props): ReactElement {
  const problem =
    error instanceof ApiError
      ? error.problem
      : { title: texts.problem.fault, detail: String(error), hint: texts.problem.reload };
  return (
    <div className="alert alert-danger" role="alert">
      <p className="fw-semibold mb-1">{problem.title}</p>
      {"errors" in problem && problem.errors !== undefined && problem.errors.length > 0 ? (
        <ul className="mb-1">
          {problem.errors.map(({ field, message }) => (
            <li key={`${field} ${message}`}>
              <code className="text-reset fw-semibold">
                {field.replace(/^body\.?/, "") || "object"}
              </code>
              : {message}
            </li>
          ))}
        </ul>
      ) : (
        <p className="mb-1">{problem.detail}</p>
      )}
      {problem.hint === undefined ? null : <p className="mb-1">{problem.hint}</p>}
      {onAgain === undefined ? null : (
        <button type="button" className="btn btn-sm btn-danger" onClick={onAgain}>
          {texts.problem.again}
        </button>
      )}
    </div>
  );
}
