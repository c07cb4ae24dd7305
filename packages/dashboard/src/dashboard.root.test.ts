/** The dashboard in a browser, as people use it (S9, S10, S11, S12, S14). */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  PASSWORD,
  setStatus,
  signIn,
  type Stage,
  startStage,
  undocumented,
} from "./browser.fixture.ts";

let stage: Stage;
/** Of the admin, who stays signed in. */
let page: Page;

beforeAll(async () => {
  stage = await startStage();
  page = await stage.open();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const PROJECT = "/projects/lab-a";

test("S12: a wrong password is refused in words, the right one opens a session, and a token does too", async () => {
  await page.goto("/");
  await page.getByLabel("Account name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  expect(await page.getByRole("alert").textContent()).toContain(
    "the name or the password is wrong",
  );
  await stage.picture(page, "sign-in-refused");
  await signIn(page, "admin");
  const byToken = await stage.open();
  await byToken.goto("/");
  await byToken.getByText("Token", { exact: true }).click();
  await byToken.getByLabel("API token").fill(stage.server.tokenOf("viewer"));
  await byToken.getByRole("button", { name: "Sign in" }).click();
  await byToken.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await byToken.getByRole("button", { name: "Sign out" }).click();
  await byToken.getByLabel("Account name").waitFor();
  await byToken.context().close();
});

test("S9: an experiment is provisioned in three interactions, and turns Ready without reload", async () => {
  await page.goto(`${PROJECT}/experiments`);
  await page.getByRole("link", { name: "New experiment" }).first().click();
  await page.getByLabel("Name of the experiment").fill("first");
  await page.getByRole("button", { name: "New experiment" }).click();
  await page.getByRole("heading", { level: 1, name: "first" }).waitFor();
  const at = { apiVersion: "seam.ucsd.edu/v1alpha1", kind: "Experiment" };
  const metadata = { name: "first", namespace: "lab-a" };
  const pods = [{ name: "server-0", node: "n1", addresses: ["10.1.0.5"] }];
  const workloads = [{ name: "server", ready: 1, desired: 1, pods }];
  await setStatus(stage.server, { ...at, metadata, status: { phase: "Ready", workloads } });
  await page.getByText("Ready", { exact: true }).waitFor();
  await page.getByText("server-0").waitFor();
  const found = await stage.server.ask("viewer", {
    method: "GET",
    path: "/api/v1/projects/lab-a/experiments/first",
  });
  expect(found.body["spec"]).toMatchObject({
    workloads: [expect.objectContaining({ name: "server", image: "localhost/seam/traffic:dev" })],
  });
});

/** Writes into the editor, in place of what there is. */
async function write(text: string): Promise<void> {
  const editor = page.getByLabel("YAML of the object");
  await editor.click();
  await page.keyboard.press("Control+A");
  // Chromium's own insertion would keep the style of what it replaces, which the page's policy refuses.
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}

const CHANGED = `apiVersion: seam.ucsd.edu/v1alpha1
kind: Experiment
metadata: {name: first, namespace: lab-a}
spec:
  workloads:
    - {name: server, image: "localhost/seam/traffic:dev", replicas: 3}
    - {name: client, image: "localhost/seam/traffic:dev", after: [server]}
  policies:
    - {from: client, to: server, ports: [5201/TCP]}
`;

test("S9: a change is planned field by field, applied, drawn, and taken back from the history", async () => {
  await page.getByRole("tab", { name: "YAML" }).click();
  await write(CHANGED);
  await page.getByRole("button", { name: "Show plan" }).click();
  await page.getByRole("heading", { name: "What would change" }).waitFor();
  await page.getByText(".spec.workloads[server].replicas").waitFor();
  await stage.picture(page, "plan");
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("Applied as revision 2.").waitFor();
  await page.getByRole("tab", { name: "Topology" }).click();
  await page.getByText("5201/TCP").waitFor();
  await page.getByRole("tab", { name: "History" }).click();
  await page.getByRole("button", { name: "Restore 1" }).click();
  await page.getByText("Restored revision 1.").waitFor();
  await page.getByRole("button", { name: "Restore 3" }).waitFor();
  expect(await page.getByRole("button", { name: /^Restore \d/ }).count()).toBe(3);
});

test("S9: what the cluster or YAML does not accept is said with its field, and nothing is changed", async () => {
  await page.getByRole("tab", { name: "YAML" }).click();
  await write(CHANGED.replace("replicas: 3", "replicas: none"));
  await page.getByRole("button", { name: "Show plan" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect(await alert.textContent()).toContain("spec.workloads[0].replicas");
  await write("a: [");
  await page.getByRole("button", { name: "Show plan" }).click();
  await page.getByText("This is not YAML").waitFor();
});

test("S14: somebody else's change appears by itself", async () => {
  await page.goto(`${PROJECT}/activity`);
  await page.getByText("Live", { exact: true }).waitFor();
  const body = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "quiet" },
    spec: { podSelector: {}, policyTypes: ["Ingress"] },
  };
  const where = "/api/v1/projects/lab-a/policies/quiet";
  await stage.server.ask("editor", { method: "PUT", path: where, body });
  const link = page.getByRole("link", { name: "NetworkPolicy quiet" });
  await link.waitFor();
  expect(await link.count()).toBe(1);
});

const PAGES = {
  overview: "/",
  projects: "/projects",
  project: PROJECT,
  experiments: `${PROJECT}/experiments`,
  "new-experiment": `${PROJECT}/experiments/new`,
  experiment: `${PROJECT}/experiments/first`,
  policies: `${PROJECT}/policies`,
  policy: `${PROJECT}/policies/quiet`,
  "new-policy": `${PROJECT}/policies/new`,
  services: `${PROJECT}/services`,
  benchmarks: `${PROJECT}/benchmarks`,
  activity: `${PROJECT}/activity`,
  nodes: "/nodes",
  bandwidth: "/bandwidth",
  audit: "/audit",
  tokens: "/tokens",
  accounts: "/accounts",
  settings: "/settings",
  missing: "/nowhere",
};

async function violationsOn(shown: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page: shown })
    .setLegacyMode(true)
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`),
  );
}

test("S9: no page has a fault of accessibility in either theme (WCAG 2.2 AA by axe)", async () => {
  const shown = await stage.open();
  const faults: string[] = [];
  const judge = async (name: string): Promise<void> => {
    for (const theme of ["light", "dark"] as const) {
      await shown.emulateMedia({ colorScheme: theme });
      await shown.locator(`html[data-bs-theme=${theme}]`).waitFor();
      for (const violation of await violationsOn(shown)) faults.push(`${name}: ${violation}`);
      await stage.picture(shown, `${name}-${theme}`);
    }
    await shown.emulateMedia({ colorScheme: "light" });
  };
  await shown.goto("/");
  await shown.getByLabel("Account name").waitFor();
  await judge("sign-in");
  await signIn(shown, "admin");
  for (const [name, where] of Object.entries(PAGES)) {
    await shown.goto(where);
    await shown.getByText("Live", { exact: true }).waitFor();
    await shown.getByText("Loading …").first().waitFor({ state: "detached" });
    await judge(name);
  }
  await shown.context().close();
  expect(faults).toEqual([]);
});

test("S9: the keyboard alone gets past the menu, through tabs and out of dialogs", async () => {
  await page.goto("/projects");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(
    "Skip to the content",
  );
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
  await page.getByRole("button", { name: "New project" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(`${PROJECT}/experiments/first`);
  await page.getByRole("tab", { name: "Status" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "Topology", selected: true }).waitFor();
});

test("S12: a viewer sees the project, is refused a change in words, and the refusal is in the audit", async () => {
  const viewer = await stage.open();
  await signIn(viewer, "viewer");
  await viewer.goto(`${PROJECT}/experiments/first`);
  await viewer.getByRole("button", { name: "Delete" }).click();
  await viewer.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  const alert = viewer.getByRole("dialog").getByRole("alert");
  await alert.waitFor();
  expect(await alert.textContent()).toContain("cannot delete");
  await stage.picture(viewer, "refused");
  await viewer.context().close();
  await page.goto("/audit?result=denied");
  await page
    .getByRole("row", { name: /viewer.*delete.*lab-a.*denied/ })
    .first()
    .waitFor();
});

test("S13: a deletion is in the history and the audit, and a revision brings it back", async () => {
  await page.goto(`${PROJECT}/experiments/first`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Experiments" }).waitFor();
  await page.goto("/audit");
  await page
    .getByRole("row", { name: /admin.*delete.*Experiment\/lab-a\/first.*allowed/ })
    .waitFor();
  const gone = { method: "GET", path: "/api/v1/projects/lab-a/experiments/first" };
  expect(await stage.server.ask("admin", gone)).toMatchObject({ status: 404 });
});

test("S12: members, tokens, accounts and one's password are kept in the pages for them", async () => {
  await page.goto(PROJECT);
  await page.getByLabel("Member", { exact: true }).fill("guest@example.org");
  await page.getByRole("button", { name: "Add member" }).click();
  await page.getByLabel("Role: guest@example.org").selectOption("editor");
  await page.getByRole("button", { name: "Delete: guest@example.org" }).click();
  await page.getByLabel("Role: guest@example.org").waitFor({ state: "detached" });
  await page.goto("/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("What it is for").fill("nightly");
  await page.getByRole("dialog").getByRole("button", { name: "New token" }).click();
  const secret = await page.getByRole("dialog").locator("code").textContent();
  expect(secret).toMatch(/^seam_/);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Revoke: nightly" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke: nightly" }).waitFor({ state: "detached" });
  await page.goto("/accounts");
  await page.getByRole("button", { name: "New account" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("guest@example.org");
  await page.getByRole("dialog").getByLabel("Password").fill(PASSWORD);
  await page.getByRole("dialog").getByRole("button", { name: "New account" }).click();
  await page.getByRole("button", { name: "Disable: guest@example.org" }).click();
  await page.getByRole("button", { name: "Enable: guest@example.org" }).waitFor();
});

test("S14: pages broke no rule of their policy, threw nothing, and made no call that the API's document does not have", () => {
  expect(stage.seen.faults).toEqual([]);
  expect(undocumented(stage.seen)).toEqual([]);
  expect(stage.seen.calls.size).toBeGreaterThan(20);
});
