/** Signing in by an account's password, or by a token. */
import { type ReactElement, useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { SESSION_KEY, signIn } from "../api/session.tsx";
import { texts } from "../texts.ts";
import { Field } from "../ui/field.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { formText } from "../ui/form-text.ts";
import { useAction } from "../ui/use-action.ts";

const WAYS = ["account", "token"] as const;

export function SignInPage(): ReactElement {
  const client = useQueryClient();
  const [way, setWay] = useState<(typeof WAYS)[number]>("account");
  const { isRunning, error, run } = useAction();
  useEffect(() => {
    document.title = `${texts.signIn.title} · Seam`;
  }, []);
  const submit = (form: FormData): void => {
    const said = (name: string): string => formText(form, name);
    const by =
      way === "token"
        ? { token: said("token") }
        : { name: said("name"), password: said("password") };
    run(async () => {
      await signIn(by);
      await client.refetchQueries({ queryKey: SESSION_KEY });
    });
  };
  return (
    <main className="sign-in p-3">
      <h1 className="h3 mb-4">{texts.signIn.title}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(new FormData(event.currentTarget));
        }}
      >
        <fieldset className="mb-3">
          <legend className="form-label fs-6">{texts.signIn.by}</legend>
          <div className="btn-group w-100">
            {WAYS.map((each) => (
              <Way key={each} way={each} isChosen={each === way} onChoice={() => setWay(each)} />
            ))}
          </div>
        </fieldset>
        {way === "account" ? <AccountFields /> : <TokenField />}
        {error === null ? null : <ProblemAlert error={error} />}
        <button type="submit" className="btn btn-primary w-100" disabled={isRunning}>
          {texts.signIn.go}
        </button>
      </form>
    </main>
  );
}

type WayProps = {
  readonly way: (typeof WAYS)[number];
  readonly isChosen: boolean;
  readonly onChoice: () => void;
};

const Way = ({ way, isChosen, onChoice }: WayProps): ReactElement => (
  <>
    <input
      type="radio"
      className="btn-check"
      name="way"
      id={`way-${way}`}
      checked={isChosen}
      onChange={onChoice}
    />
    <label className="btn btn-outline-primary" htmlFor={`way-${way}`}>
      {texts.signIn[way]}
    </label>
  </>
);

const AccountFields = (): ReactElement => (
  <>
    <Field id="name" name="name" label={texts.signIn.name} autoComplete="username" required />
    <Field
      id="password"
      name="password"
      type="password"
      label={texts.signIn.password}
      autoComplete="current-password"
      required
    />
  </>
);

const TokenField = (): ReactElement => (
  <Field
    id="token"
    name="token"
    type="password"
    label={texts.signIn.secret}
    help={texts.signIn.secretHelp}
    autoComplete="off"
    required
  />
);
