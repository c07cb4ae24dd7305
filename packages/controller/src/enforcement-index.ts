/**
 * What nodes report of policies beside what experiments ask of them, so that a report makes work only for the experiments whose
 * answer it changes.
 */
import type { VersionsByKind } from "@seam/api";
import {
  type Enforcement,
  nodeProgress,
  type NodeProgress,
  type PlanScene,
  policyDemandOf,
  type PolicyReport,
} from "@seam/compose";
import { type Change, latestVersion } from "@seam/kube";

/** Reports and demands. */
export type EnforcementIndex = {
  /** Takes in a change of a node's report; the experiments, by NAMESPACE/NAME, for which it makes a difference. */
  readonly accept: (change: Omit<Change<PolicyReport>, "version">) => readonly string[];
  /** A policy of an experiment was deleted at this version. */
  readonly noteRemoved: (key: string, version: string) => void;
  /** How far the nodes are with the policies of an experiment; from now on its answer is followed. */
  readonly ask: (key: string, scene: PlanScene) => Enforcement | null;
  /** An experiment is gone. */
  readonly forget: (key: string) => void;
};

type Asked = {
  readonly versions: VersionsByKind;
  readonly since: number | null;
};

/** No reports and no demands. */
export function createEnforcementIndex(): EnforcementIndex {
  const reports = new Map<string, VersionsByKind>();
  const asked = new Map<string, Asked>();
  const removed = new Map<string, string>();
  const askers = createAskers();
  const forget = (key: string): void => {
    askers.set(key, []);
    asked.delete(key);
    removed.delete(key);
  };
  const progressAt = (node: string, versions: VersionsByKind): NodeProgress =>
    nodeProgress(reports.get(node), versions);
  return {
    forget,
    accept: ({ kind, value: { node, enforced } }) => {
      const before = reports.get(node);
      if (kind === "set") reports.set(node, enforced);
      else reports.delete(node);
      return askers.of(node).filter((key) => {
        const versions = asked.get(key)?.versions ?? new Map();
        return nodeProgress(before, versions) !== progressAt(node, versions);
      });
    },
    noteRemoved: (key, version) =>
      void removed.set(key, latestVersion([removed.get(key) ?? "", version]) ?? version),
    ask: (key, scene) => {
      const demand = policyDemandOf(scene, removed.get(key) ?? null);
      if (demand === null) {
        forget(key);
        return null;
      }
      const { nodes, versions } = demand;
      const behind = nodes.flatMap((node) => {
        const progress = progressAt(node, versions);
        return progress === "current" ? [] : [{ node, progress }];
      });
      const since = behind.length === 0 ? null : (asked.get(key)?.since ?? scene.now);
      asked.set(key, { versions, since });
      askers.set(key, nodes);
      return { ...demand, behind, since };
    },
  };
}

type Askers = {
  readonly of: (node: string) => readonly string[];
  readonly set: (key: string, nodes: readonly string[]) => void;
};

/** Which experiments ask about a node. */
function createAskers(): Askers {
  const byNode = new Map<string, Set<string>>();
  const byKey = new Map<string, readonly string[]>();
  const leave = (key: string, node: string): void => {
    const keys = byNode.get(node);
    keys?.delete(key);
    if (keys?.size === 0) byNode.delete(node);
  };
  return {
    of: (node) => [...(byNode.get(node) ?? [])],
    set: (key, nodes) => {
      for (const node of byKey.get(key) ?? []) leave(key, node);
      if (nodes.length === 0) byKey.delete(key);
      else byKey.set(key, nodes);
      for (const node of nodes) byNode.set(node, (byNode.get(node) ?? new Set()).add(key));
    },
  };
}
