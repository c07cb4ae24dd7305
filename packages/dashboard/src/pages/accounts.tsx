/** Local accounts, for who may see them. */
import { type ReactElement, useState } from "react";
import { call } from "../api/call.ts";
import { useRows } from "../api/pages.ts";
import type { Account } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Confirm } from "../ui/confirm.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { Moment, PageHead } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { RowsTable } from "../ui/rows.tsx";
import type { Column } from "../ui/table.tsx";
import { formText } from "../ui/form-text.ts";
import { useAction } from "../ui/use-action.ts";

const t = texts.accounts;

const COLUMNS: readonly Column<Account>[] = [
  { head: texts.name, cell: ({ name }) => name },
  { head: t.groups, cell: ({ groups }) => groups.join(", ") },
  { head: t.hasPassword, cell: ({ hasPassword }) => (hasPassword ? t.yes : t.no) },
  { head: texts.state, cell: stateOf },
  { head: texts.age, cell: ({ createdAt }) => <Moment at={createdAt} /> },
  { head: t.disable, cell: (account) => <Switch account={account} /> },
  {
    head: texts.remove,
    cell: ({ name }) => (
      <Confirm
        label={texts.remove}
        fullLabel={`${texts.remove}: ${name}`}
        title={t.removeTitle(name)}
        help={t.removeHelp}
        onSure={() => call("deleteAccount", { path: { account: name } })}
      />
    ),
  },
];

function stateOf({ isDisabled, lockedUntil }: Account): string {
  if (isDisabled) return t.disabled;
  return lockedUntil !== null && new Date(lockedUntil) > new Date() ? t.locked : t.active;
}

export function AccountsPage(): ReactElement {
  const rows = useRows("listAccounts", {});
  const [isNew, setNew] = useState(false);
  return (
    <>
      <PageHead title={t.title} about={t.about}>
        <button type="button" className="btn btn-primary" onClick={() => setNew(true)}>
          {t.add}
        </button>
      </PageHead>
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={COLUMNS}
        keyOf={({ name }) => name}
        none={[t.none, t.noneTodo]}
      />
      {isNew ? <NewAccount onClose={() => setNew(false)} /> : null}
    </>
  );
}

function Switch({ account }: { readonly account: Account }): ReactElement {
  const { isRunning, error, run } = useAction();
  const { name, isDisabled } = account;
  const word = isDisabled ? t.enable : t.disable;
  return (
    <>
      <button
        type="button"
        className="btn btn-sm btn-outline-primary"
        aria-label={`${word}: ${name}`}
        disabled={isRunning}
        onClick={() =>
          run(() =>
            call("changeAccount", { path: { account: name }, body: { isDisabled: !isDisabled } }),
          )
        }
      >
        {word}
      </button>
      {error === null ? null : <ProblemAlert error={error} />}
    </>
  );
}

function NewAccount({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { isRunning, error, run } = useAction();
  const make = (form: FormData): void =>
    run(async () => {
      const password = formText(form, "password");
      const groups = formText(form, "groups")
        .split(/\s+/)
        .filter((group) => group !== "");
      const body = { name: formText(form, "name"), groups };
      await call("createAccount", { body: password === "" ? body : { ...body, password } });
      onClose();
    });
  return (
    <Dialog
      title={t.add}
      onClose={onClose}
      actions={
        <button type="submit" form="new-account" className="btn btn-primary" disabled={isRunning}>
          {t.add}
        </button>
      }
    >
      <form
        id="new-account"
        onSubmit={(event) => {
          event.preventDefault();
          make(new FormData(event.currentTarget));
        }}
      >
        <Field id="account-name" name="name" label={texts.name} required />
        <Field id="account-groups" name="groups" label={t.groups} help={t.groupsHelp} />
        <Field
          id="account-password"
          name="password"
          type="password"
          label={t.hasPassword}
          help={t.passwordHelp}
          minLength={12}
          autoComplete="new-password"
        />
        {error === null ? null : <ProblemAlert error={error} />}
      </form>
    </Dialog>
  );
}
