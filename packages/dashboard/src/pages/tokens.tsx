/** One's API tokens. */
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { ask, call } from "../api/call.ts";
import { useSession } from "../api/session.tsx";
import type { Token } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Confirm } from "../ui/confirm.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Command, Empty, Loaded, Moment, PageHead } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { formText } from "../ui/form-text.ts";
import { useAction } from "../ui/use-action.ts";

const t = texts.tokens;
const SCOPES = ["read", "write", "accounts"] as const;

const COLUMNS: readonly Column<Token>[] = [
  { head: t.label, cell: ({ label }) => label },
  { head: t.scopes, cell: ({ scopes }) => scopes.join(", ") },
  { head: texts.age, cell: ({ createdAt }) => <Moment at={createdAt} /> },
  { head: t.expires, cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
  { head: t.used, cell: ({ usedAt }) => <Moment at={usedAt} /> },
  {
    head: t.revoke,
    cell: ({ id, label }) => (
      <Confirm
        label={t.revoke}
        fullLabel={`${t.revoke}: ${label}`}
        title={t.revokeTitle(label)}
        help={t.revokeHelp}
        onSure={() => call("revokeToken", { path: { id } })}
      />
    ),
  },
];

export function TokensPage(): ReactElement {
  const query = useQuery(ask("listTokens", {}));
  const [isNew, setNew] = useState(false);
  return (
    <>
      <PageHead title={t.title} about={t.about}>
        <button type="button" className="btn btn-primary" onClick={() => setNew(true)}>
          {t.add}
        </button>
      </PageHead>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t.none} todo={t.noneTodo} />
          ) : (
            <Table caption={t.title} columns={COLUMNS} rows={items} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {isNew ? <NewToken onClose={() => setNew(false)} /> : null}
    </>
  );
}

function NewToken({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [secret, setSecret] = useState<string | null>(null);
  const { isRunning, error, run } = useAction();
  const make = (form: FormData): void =>
    run(async () => {
      const scopes = SCOPES.filter((scope) => form.get(scope) !== null);
      const label = formText(form, "label");
      const body = { label, scopes, days: Number(form.get("days")) };
      const made = await call("createToken", { body });
      setSecret(made.secret);
    });
  if (secret !== null)
    return (
      <Dialog title={t.secret} onClose={onClose}>
        <p>{t.made}</p>
        <Command command={secret} />
      </Dialog>
    );
  return (
    <Dialog
      title={t.add}
      onClose={onClose}
      actions={
        <button type="submit" form="new-token" className="btn btn-primary" disabled={isRunning}>
          {t.add}
        </button>
      }
    >
      <form
        id="new-token"
        onSubmit={(event) => {
          event.preventDefault();
          make(new FormData(event.currentTarget));
        }}
      >
        <Field id="label" name="label" label={t.label} required maxLength={253} />
        <Scopes />
        <Field
          id="days"
          name="days"
          label={t.days}
          type="number"
          min={1}
          max={365}
          defaultValue={30}
          required
        />
        {error === null ? null : <ProblemAlert error={error} />}
      </form>
    </Dialog>
  );
}

/** No token gets more than who makes it came with. */
function Scopes(): ReactElement {
  const { identity } = useSession();
  return (
    <fieldset className="mb-3">
      <legend className="form-label fs-6">{t.scopes}</legend>
      {SCOPES.filter((scope) => identity.scopes.includes(scope)).map((scope) => (
        <div className="form-check" key={scope}>
          <input
            className="form-check-input"
            type="checkbox"
            id={scope}
            name={scope}
            defaultChecked={scope === "read"}
          />
          <label className="form-check-label" htmlFor={scope}>
            {t.scope[scope]}
          </label>
        </div>
      ))}
    </fieldset>
  );
}
