/** Members of a project, and the form to add one. */
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { ask, call } from "../api/call.ts";
import type { Member } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Choice, Field } from "../ui/field.tsx";
import { Empty, Loaded } from "../ui/parts.tsx";
import { ProblemAlert } from "../ui/problem.tsx";
import { Table } from "../ui/table.tsx";
import { useAction } from "../ui/use-action.ts";

const t = texts.projects;
const ROLES = ["viewer", "editor", "admin"] as const;
type Role = (typeof ROLES)[number];
const TYPES = ["user", "group"] as const;
type MemberType = (typeof TYPES)[number];

type Named = { readonly type: MemberType; readonly member: string };
const nameOf = ({ user, group }: Member): Named =>
  group === undefined ? { type: "user", member: user ?? "" } : { type: "group", member: group };

const ROLE_CHOICES = ROLES.map((role) => [role, t.roles[role]] as const);

export function Members({ project }: { readonly project: string }): ReactElement {
  const query = useQuery(ask("listMembers", { path: { project } }));
  const { isRunning, error, run } = useAction();
  const put = (named: Named, role: Role): void =>
    run(() => call("setMember", { path: { project, ...named }, body: { role } }));
  const remove = (named: Named): void =>
    run(() => call("removeMember", { path: { project, ...named } }));
  return (
    <div className="mb-4">
      <h2 className="h5">{t.members}</h2>
      {error === null ? null : <ProblemAlert error={error} />}
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t.noMembers} todo={t.noMembersTodo} />
          ) : (
            <MembersTable items={items} onRole={put} onRemove={remove} />
          )
        }
      </Loaded>
      <NewMember isRunning={isRunning} onAdd={put} />
    </div>
  );
}

type TableProps = {
  readonly items: readonly Member[];
  readonly onRole: (named: Named, role: Role) => void;
  readonly onRemove: (named: Named) => void;
};

const MembersTable = ({ items, onRole, onRemove }: TableProps): ReactElement => (
  <Table
    caption={t.members}
    rows={items}
    keyOf={(member) => `${nameOf(member).type} ${nameOf(member).member}`}
    columns={[
      { head: t.member, cell: (member) => nameOf(member).member },
      { head: t.type, cell: (member) => t[nameOf(member).type] },
      {
        head: t.role,
        cell: (member) => (
          <select
            className="form-select form-select-sm w-auto"
            aria-label={`${t.role}: ${nameOf(member).member}`}
            value={member.role}
            onChange={({ target }) => {
              const role = ROLES.find((each) => each === target.value);
              if (role !== undefined) onRole(nameOf(member), role);
            }}
          >
            {ROLE_CHOICES.map(([role, word]) => (
              <option key={role} value={role}>
                {word}
              </option>
            ))}
          </select>
        ),
      },
      {
        head: texts.remove,
        cell: (member) => (
          <button
            type="button"
            className="btn btn-sm btn-outline-danger"
            aria-label={`${texts.remove}: ${nameOf(member).member}`}
            onClick={() => onRemove(nameOf(member))}
          >
            {texts.remove}
          </button>
        ),
      },
    ]}
  />
);

type NewProps = {
  readonly isRunning: boolean;
  readonly onAdd: (named: Named, role: Role) => void;
};

function NewMember({ isRunning, onAdd }: NewProps): ReactElement {
  const [type, setType] = useState<MemberType>("user");
  const [role, setRole] = useState<Role>("viewer");
  const [member, setMember] = useState("");
  return (
    <form
      className="row g-2 align-items-end mt-1"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({ type, member }, role);
        setMember("");
      }}
    >
      <Choice
        id="member-type"
        className="col-auto mb-3"
        label={t.type}
        value={type}
        choices={TYPES.map((each) => [each, t[each]] as const)}
        onChoice={setType}
      />
      <div className="col-12 col-sm-4">
        <Field
          id="member"
          label={t.member}
          value={member}
          onChange={({ target }) => setMember(target.value)}
          required
        />
      </div>
      <Choice
        id="member-role"
        className="col-auto mb-3"
        label={t.role}
        value={role}
        choices={ROLE_CHOICES}
        onChoice={setRole}
      />
      <div className="col-auto mb-3">
        <button type="submit" className="btn btn-primary" disabled={isRunning}>
          {t.addMember}
        </button>
      </div>
    </form>
  );
}
