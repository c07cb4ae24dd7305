/** How Seam looks, and one's own account. */
import type { ReactElement } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { call } from "../api/call.ts";
import { SESSION_KEY, useSession } from "../api/session.tsx";
import { texts } from "../texts.ts";
import { Choice, Field } from "../ui/field.tsx";
import { PageHead } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { setTheme, THEMES, useTheme } from "../ui/theme.ts";
import { formText } from "../ui/form-text.ts";
import { useAction } from "../ui/use-action.ts";

const t = texts.settings;

export function SettingsPage(): ReactElement {
  const { identity } = useSession();
  const theme = useTheme();
  return (
    <>
      <PageHead title={t.title} about={t.about} />
      <div className="row g-4">
        <section className="col-12 col-lg-6" aria-labelledby="you">
          <h2 className="h5" id="you">
            {t.you}
          </h2>
          <dl className="row">
            <dt className="col-4">{t.user}</dt>
            <dd className="col-8 text-break">{identity.user}</dd>
            <dt className="col-4">{t.groups}</dt>
            <dd className="col-8 text-break">{identity.groups.join(", ") || t.noGroups}</dd>
            <dt className="col-4">{t.scopes}</dt>
            <dd className="col-8">{identity.scopes.join(", ")}</dd>
          </dl>
          <Choice
            id="theme"
            label={texts.theme.label}
            value={theme}
            choices={THEMES.map((each) => [each, texts.theme[each]] as const)}
            onChoice={setTheme}
          />
        </section>
        <section className="col-12 col-lg-6" aria-labelledby="own-password">
          <h2 className="h5" id="own-password">
            {t.password}
          </h2>
          <PasswordForm account={identity.user} />
        </section>
      </div>
    </>
  );
}

function PasswordForm({ account }: { readonly account: string }): ReactElement {
  const client = useQueryClient();
  const { isRunning, error, run } = useAction();
  const change = (form: FormData): void =>
    run(async () => {
      const current = formText(form, "current");
      const body = { password: formText(form, "password"), current };
      await call("setPassword", { path: { account }, body });
      await client.refetchQueries({ queryKey: SESSION_KEY });
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        change(new FormData(event.currentTarget));
      }}
    >
      <Field
        id="current"
        name="current"
        type="password"
        label={t.current}
        autoComplete="current-password"
      />
      <Field
        id="next"
        name="password"
        type="password"
        label={t.next}
        help={t.nextHelp}
        minLength={12}
        autoComplete="new-password"
        required
      />
      {error === null ? null : <ProblemAlert error={error} />}
      <button type="submit" className="btn btn-primary" disabled={isRunning}>
        {t.change}
      </button>
    </form>
  );
}
