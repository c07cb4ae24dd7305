/** Made of docs/reference/openapi.json by `UPDATE=1 vitest run packages/dashboard`. */

export type Project = { readonly "apiVersion": "seam.ucsd.edu/v1alpha1"; readonly "kind": "Project"; readonly "metadata": { readonly "name": string; readonly "namespace"?: string }; readonly "spec": { readonly "members"?: readonly ({ readonly "user"?: string; readonly "group"?: string; readonly "role": "viewer" | "editor" | "admin" })[]; readonly "quota"?: { readonly "cpu"?: string; readonly "memory"?: string; readonly "gpu"?: { readonly [key: string]: number }; readonly "pods"?: number; readonly "egressMbps"?: number; readonly "ingressMbps"?: number }; readonly "limits"?: { readonly "default"?: { readonly "cpu"?: string; readonly "memory"?: string; readonly "egressMbps"?: number; readonly "ingressMbps"?: number }; readonly "max"?: { readonly "cpu"?: string; readonly "memory"?: string; readonly "egressMbps"?: number; readonly "ingressMbps"?: number } } }; readonly "status"?: { readonly "phase"?: "Pending" | "Ready" | "Failed"; readonly "conditions"?: readonly ({ readonly "type": string; readonly "status": "True" | "False" | "Unknown"; readonly "reason": string; readonly "message": string; readonly "lastTransitionTime": string; readonly "observedGeneration"?: number })[]; readonly "experiments"?: number; readonly "quota"?: readonly ({ readonly "resource": string; readonly "used": string; readonly "limit": string })[] } };

export type Experiment = { readonly "apiVersion": "seam.ucsd.edu/v1alpha1"; readonly "kind": "Experiment"; readonly "metadata": { readonly "name": string; readonly "namespace"?: string }; readonly "spec": { readonly "workloads": readonly ({ readonly "name": string; readonly "kind"?: "Container" | "VirtualMachine"; readonly "image": string; readonly "command"?: readonly (string)[]; readonly "args"?: readonly (string)[]; readonly "env"?: readonly ({ readonly "name": string; readonly "value"?: string; readonly "secret"?: { readonly "name": string; readonly "key": string }; readonly "configMap"?: { readonly "name": string; readonly "key": string } })[]; readonly "files"?: readonly ({ readonly "path": string; readonly "configMap"?: string; readonly "secret"?: string })[]; readonly "volumes"?: readonly ({ readonly "path": string; readonly "claim"?: string; readonly "scratch"?: string; readonly "memory"?: string })[]; readonly "labels"?: { readonly [key: string]: string }; readonly "replicas"?: number; readonly "ports"?: readonly ({ readonly "name": string; readonly "port": number; readonly "protocol"?: "TCP" | "UDP" | "SCTP" })[]; readonly "resources"?: { readonly "cpu"?: string; readonly "memory"?: string; readonly "gpu"?: { readonly [key: string]: number } }; readonly "placement"?: "spread" | "pack" | { readonly "node": string } | { readonly "spread": string } | { readonly "pack": string }; readonly "bandwidth"?: { readonly "egressMbps"?: number; readonly "ingressMbps"?: number }; readonly "after"?: readonly (string)[]; readonly "restartedAt"?: string })[]; readonly "policies"?: readonly ({ readonly "from": string; readonly "to": string; readonly "ports"?: readonly (string)[] })[]; readonly "lifetime"?: string; readonly "suspend"?: boolean }; readonly "status"?: { readonly "phase"?: "Pending" | "Progressing" | "Ready" | "Degraded" | "Suspended" | "Expired" | "Failed"; readonly "workloads"?: readonly ({ readonly "name": string; readonly "ready": number; readonly "desired": number; readonly "pods"?: readonly ({ readonly "name": string; readonly "node"?: string; readonly "addresses": readonly (string)[] })[] })[]; readonly "conditions"?: readonly ({ readonly "type": string; readonly "status": "True" | "False" | "Unknown"; readonly "reason": string; readonly "message": string; readonly "lastTransitionTime": string; readonly "observedGeneration"?: number })[] } };

export type NetworkPolicy = { readonly "apiVersion": "networking.k8s.io/v1"; readonly "kind": "NetworkPolicy"; readonly "metadata": { readonly "name": string; readonly "namespace"?: string; readonly "labels"?: { readonly [key: string]: string }; readonly "annotations"?: { readonly [key: string]: string }; readonly "resourceVersion"?: string }; readonly "spec": { readonly [key: string]: unknown } };

export type Service = { readonly "apiVersion": "v1"; readonly "kind": "Service"; readonly "metadata": { readonly "name": string; readonly "namespace"?: string; readonly "labels"?: { readonly [key: string]: string }; readonly "annotations"?: { readonly [key: string]: string }; readonly "resourceVersion"?: string }; readonly "spec": { readonly [key: string]: unknown } };

export type Object = { readonly "apiVersion": string; readonly "kind": string; readonly "metadata": { readonly "name": string } & { readonly [key: string]: unknown } } & { readonly [key: string]: unknown };

export type ObjectPage = { readonly "items": readonly (Object)[]; readonly "next": string | null };

export type Revision = { readonly "project": string; readonly "kind": string; readonly "namespace": string; readonly "name": string; readonly "id": number; readonly "number": number; readonly "at": string; readonly "author": string; readonly "object": { readonly [key: string]: unknown } | null; readonly "diff": readonly ({ readonly "op": string; readonly "path": string; readonly "value"?: unknown })[]; readonly "redacted": readonly (string)[] };

export type RevisionPage = { readonly "items": readonly (Revision)[]; readonly "next": string | null };

export type Audited = { readonly "id": number; readonly "at": string; readonly "actor": string; readonly "action": string; readonly "project": string; readonly "resource": string; readonly "before": { readonly [key: string]: unknown } | null; readonly "after": { readonly [key: string]: unknown } | null; readonly "sourceAddress": string | null; readonly "result": "allowed" | "denied" | "failed"; readonly "reason": string };

export type AuditPage = { readonly "items": readonly (Audited)[]; readonly "next": string | null };

export type Benchmark = { readonly "id": number; readonly "at": string; readonly "project": string; readonly "name": string; readonly "author": string; readonly "specHash": string; readonly "document": { readonly [key: string]: unknown } };

export type BenchmarkPage = { readonly "items": readonly (Benchmark)[]; readonly "next": string | null };

export type Changed = { readonly "object": Object | null; readonly "revision": number; readonly "replayed": boolean; readonly "isDryRun": false };

export type Planned = { readonly "isDryRun": true; readonly "plan": { readonly "objects": readonly ({ readonly [key: string]: unknown })[]; readonly "nodes": readonly ({ readonly [key: string]: unknown })[]; readonly "notes": readonly (string)[] } };

export type Identity = { readonly "user": string; readonly "groups": readonly (string)[]; readonly "scopes": readonly (string)[]; readonly "kind": "session" | "token"; readonly "csrf": string | null };

export type Token = { readonly "id": number; readonly "label": string; readonly "scopes": readonly (string)[]; readonly "createdAt": string; readonly "expiresAt": string; readonly "usedAt": string | null };

export type NewToken = { readonly "id": number; readonly "secret": string };

export type Account = { readonly "name": string; readonly "groups": readonly (string)[]; readonly "hasPassword": boolean; readonly "isDisabled": boolean; readonly "createdAt": string; readonly "lockedUntil": string | null };

export type AccountPage = { readonly "items": readonly (Account)[]; readonly "next": string | null };

export type Member = { readonly "user"?: string; readonly "group"?: string; readonly "role": string };

export type Problem = { readonly "type": string; readonly "title": string; readonly "status": number; readonly "detail": string; readonly "instance": string; readonly "code": "bad-request" | "unauthenticated" | "forbidden" | "not-found" | "conflict" | "too-large" | "unsupported-media-type" | "invalid" | "too-many-requests" | "internal" | "cluster-unavailable" | "metrics-unavailable" | "store-unavailable"; readonly "hint"?: string; readonly "errors"?: readonly ({ readonly "field": string; readonly "message": string })[] };

export type ObjectEvent = { readonly "at": string; readonly "type": string; readonly "reason": string; readonly "message": string; readonly "count": number; readonly "source": string; readonly "object": { readonly "kind": string; readonly "name": string } };

export type EventList = { readonly "items": readonly (ObjectEvent)[]; readonly "truncated": boolean };

export type NodeView = { readonly "desired": { readonly [key: string]: unknown }; readonly "observed": { readonly [key: string]: unknown }; readonly "steps": readonly ({ readonly [key: string]: unknown })[]; readonly "gates": readonly ({ readonly [key: string]: unknown })[] };

export type Reach = { readonly "kind": "all" | "only" | "all but"; readonly "ports": readonly (string)[] };

export type ReachGroup = { readonly "name": string; readonly "project": string; readonly "pods": readonly (string)[] };

export type ReachMatrix = { readonly "groups": readonly (ReachGroup)[]; readonly "cells": readonly (readonly ({ readonly "now": Reach; readonly "after": Reach | null })[])[]; readonly "notes": readonly (string)[] };

export type ReachSide = { readonly "allowed": boolean; readonly "text": string; readonly "policies": readonly ({ readonly "group": string; readonly "kind": string; readonly "project": string | null; readonly "name": string })[] };

export type ReachAnswer = { readonly "allowed": boolean; readonly "from": string; readonly "to": string; readonly "traffic": string; readonly "family": "ipv4" | "ipv6"; readonly "egress": ReachSide; readonly "ingress": ReachSide; readonly "remedies": readonly (string)[]; readonly "manifests": readonly (Object)[]; readonly "notes": readonly (string)[] };

export type MetricQuery = { readonly "name": string; readonly "title": string; readonly "description": string; readonly "unit": string; readonly "scope": "project" | "cluster" };

export type MetricSeries = { readonly "labels": { readonly [key: string]: string }; readonly "points": readonly (readonly (number)[])[] };

export type Metric = { readonly "unit": string; readonly "stepSeconds": number; readonly "series": readonly (MetricSeries)[]; readonly "truncated": boolean };

export type Attention = { readonly "severity": "warning" | "error"; readonly "title": string; readonly "detail": string; readonly "hint": string; readonly "link": { readonly "kind": string; readonly "project": string | null; readonly "name": string } | null };

export type Overview = { readonly "nodes": { readonly "total": number; readonly "ready": number } | null; readonly "agents": { readonly "total": number; readonly "ready": number } | null; readonly "projects": number; readonly "experiments": { readonly "total": number; readonly "ready": number; readonly "failed": number }; readonly "capacity": readonly ({ readonly "resource": string; readonly "unit": "cores" | "bytes" | "count"; readonly "allocatable": number; readonly "requested": number })[]; readonly "attention": readonly (Attention)[] };

export type TopologyNode = { readonly "id": string; readonly "kind": "workload" | "service"; readonly "name": string; readonly "ready": number; readonly "wanted": number; readonly "pods": readonly ({ readonly "name": string; readonly "node": string | null; readonly "ready": boolean })[]; readonly "sentBitsPerSecond": number | null; readonly "receivedBitsPerSecond": number | null };

export type TopologyEdge = { readonly "from": string; readonly "to": string; readonly "kind": "allowed" | "service"; readonly "ports": readonly (string)[] };

export type Topology = { readonly "nodes": readonly (TopologyNode)[]; readonly "edges": readonly (TopologyEdge)[]; readonly "metrics": "ok" | "not-configured" | "unavailable"; readonly "notes": readonly (string)[] };

export const OPERATIONS = {
  signIn: { method: "POST", path: "/api/v1/session" },
  signOut: { method: "DELETE", path: "/api/v1/session" },
  getSession: { method: "GET", path: "/api/v1/session" },
  listTokens: { method: "GET", path: "/api/v1/tokens" },
  createToken: { method: "POST", path: "/api/v1/tokens" },
  revokeToken: { method: "DELETE", path: "/api/v1/tokens/{id}" },
  listAccounts: { method: "GET", path: "/api/v1/accounts" },
  createAccount: { method: "POST", path: "/api/v1/accounts" },
  getAccount: { method: "GET", path: "/api/v1/accounts/{account}" },
  changeAccount: { method: "PATCH", path: "/api/v1/accounts/{account}" },
  deleteAccount: { method: "DELETE", path: "/api/v1/accounts/{account}" },
  setPassword: { method: "PUT", path: "/api/v1/accounts/{account}/password" },
  listProjects: { method: "GET", path: "/api/v1/projects" },
  getProject: { method: "GET", path: "/api/v1/projects/{project}" },
  applyProject: { method: "PUT", path: "/api/v1/projects/{project}" },
  deleteProject: { method: "DELETE", path: "/api/v1/projects/{project}" },
  listProjectRevisions: { method: "GET", path: "/api/v1/projects/{project}/revisions" },
  getProjectRevision: { method: "GET", path: "/api/v1/projects/{project}/revisions/{number}" },
  restoreProject: { method: "POST", path: "/api/v1/projects/{project}/revisions/{number}/restore" },
  listExperiments: { method: "GET", path: "/api/v1/projects/{project}/experiments" },
  getExperiment: { method: "GET", path: "/api/v1/projects/{project}/experiments/{name}" },
  applyExperiment: { method: "PUT", path: "/api/v1/projects/{project}/experiments/{name}" },
  deleteExperiment: { method: "DELETE", path: "/api/v1/projects/{project}/experiments/{name}" },
  listExperimentRevisions: { method: "GET", path: "/api/v1/projects/{project}/experiments/{name}/revisions" },
  getExperimentRevision: { method: "GET", path: "/api/v1/projects/{project}/experiments/{name}/revisions/{number}" },
  restoreExperiment: { method: "POST", path: "/api/v1/projects/{project}/experiments/{name}/revisions/{number}/restore" },
  listPolicies: { method: "GET", path: "/api/v1/projects/{project}/policies" },
  getPolicy: { method: "GET", path: "/api/v1/projects/{project}/policies/{name}" },
  applyPolicy: { method: "PUT", path: "/api/v1/projects/{project}/policies/{name}" },
  deletePolicy: { method: "DELETE", path: "/api/v1/projects/{project}/policies/{name}" },
  listPolicyRevisions: { method: "GET", path: "/api/v1/projects/{project}/policies/{name}/revisions" },
  getPolicyRevision: { method: "GET", path: "/api/v1/projects/{project}/policies/{name}/revisions/{number}" },
  restorePolicy: { method: "POST", path: "/api/v1/projects/{project}/policies/{name}/revisions/{number}/restore" },
  listServices: { method: "GET", path: "/api/v1/projects/{project}/services" },
  getService: { method: "GET", path: "/api/v1/projects/{project}/services/{name}" },
  applyService: { method: "PUT", path: "/api/v1/projects/{project}/services/{name}" },
  deleteService: { method: "DELETE", path: "/api/v1/projects/{project}/services/{name}" },
  listServiceRevisions: { method: "GET", path: "/api/v1/projects/{project}/services/{name}/revisions" },
  getServiceRevision: { method: "GET", path: "/api/v1/projects/{project}/services/{name}/revisions/{number}" },
  restoreService: { method: "POST", path: "/api/v1/projects/{project}/services/{name}/revisions/{number}/restore" },
  listPods: { method: "GET", path: "/api/v1/projects/{project}/pods" },
  getPod: { method: "GET", path: "/api/v1/projects/{project}/pods/{name}" },
  listNodes: { method: "GET", path: "/api/v1/nodes" },
  getNode: { method: "GET", path: "/api/v1/nodes/{name}" },
  listBandwidths: { method: "GET", path: "/api/v1/bandwidths" },
  getBandwidthOfANode: { method: "GET", path: "/api/v1/bandwidths/{name}" },
  listMembers: { method: "GET", path: "/api/v1/projects/{project}/members" },
  setMember: { method: "PUT", path: "/api/v1/projects/{project}/members/{type}/{member}" },
  removeMember: { method: "DELETE", path: "/api/v1/projects/{project}/members/{type}/{member}" },
  getPodLog: { method: "GET", path: "/api/v1/projects/{project}/pods/{name}/log" },
  listEvents: { method: "GET", path: "/api/v1/projects/{project}/events" },
  viewNode: { method: "GET", path: "/api/v1/nodes/{name}/view" },
  listMetrics: { method: "GET", path: "/api/v1/metrics" },
  queryProjectMetric: { method: "GET", path: "/api/v1/projects/{project}/metrics/{query}" },
  queryClusterMetric: { method: "GET", path: "/api/v1/metrics/{query}" },
  getOverview: { method: "GET", path: "/api/v1/overview" },
  getTopology: { method: "GET", path: "/api/v1/projects/{project}/experiments/{name}/topology" },
  listHistory: { method: "GET", path: "/api/v1/projects/{project}/history" },
  listProjectAudit: { method: "GET", path: "/api/v1/projects/{project}/audit" },
  listAudit: { method: "GET", path: "/api/v1/audit" },
  listBenchmarks: { method: "GET", path: "/api/v1/projects/{project}/benchmarks" },
  getBenchmark: { method: "GET", path: "/api/v1/projects/{project}/benchmarks/{id}" },
  tabulateReach: { method: "POST", path: "/api/v1/projects/{project}/reachability" },
  tabulateAllReach: { method: "POST", path: "/api/v1/reachability" },
  canTalk: { method: "GET", path: "/api/v1/projects/{project}/can-talk" },
  watchChanges: { method: "GET", path: "/api/v1/changes" },
} as const;

export type Operations = {
  signIn: { input: { body: { readonly "name": string; readonly "password": string } }; output: Identity };
  signOut: { input: {  }; output: null };
  getSession: { input: {  }; output: Identity };
  listTokens: { input: {  }; output: { readonly "items": readonly (Token)[] } };
  createToken: { input: { body: { readonly "label": string; readonly "scopes": readonly ("read" | "write" | "accounts")[]; readonly "days": number } }; output: NewToken };
  revokeToken: { input: { path: { "id": number } }; output: null };
  listAccounts: { input: { query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: AccountPage };
  createAccount: { input: { body: { readonly "name": string; readonly "groups": readonly (string)[]; readonly "password"?: string } }; output: Account };
  getAccount: { input: { path: { "account": string } }; output: Account };
  changeAccount: { input: { path: { "account": string }; body: { readonly "groups"?: readonly (string)[]; readonly "isDisabled"?: boolean } }; output: Account };
  deleteAccount: { input: { path: { "account": string } }; output: null };
  setPassword: { input: { path: { "account": string }; body: { readonly "current"?: string; readonly "password": string } }; output: null };
  listProjects: { input: { query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getProject: { input: { path: { "project": string } }; output: Object };
  applyProject: { input: { path: { "project": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string }; body: Project }; output: Changed | Planned };
  deleteProject: { input: { path: { "project": string }; query?: { "dryRun"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listProjectRevisions: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: RevisionPage };
  getProjectRevision: { input: { path: { "project": string; "number": number } }; output: Revision };
  restoreProject: { input: { path: { "project": string; "number": number }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listExperiments: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getExperiment: { input: { path: { "project": string; "name": string } }; output: Object };
  applyExperiment: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string }; body: Experiment }; output: Changed | Planned };
  deleteExperiment: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listExperimentRevisions: { input: { path: { "project": string; "name": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: RevisionPage };
  getExperimentRevision: { input: { path: { "project": string; "name": string; "number": number } }; output: Revision };
  restoreExperiment: { input: { path: { "project": string; "name": string; "number": number }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listPolicies: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getPolicy: { input: { path: { "project": string; "name": string } }; output: Object };
  applyPolicy: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string }; body: NetworkPolicy }; output: Changed | Planned };
  deletePolicy: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listPolicyRevisions: { input: { path: { "project": string; "name": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: RevisionPage };
  getPolicyRevision: { input: { path: { "project": string; "name": string; "number": number } }; output: Revision };
  restorePolicy: { input: { path: { "project": string; "name": string; "number": number }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listServices: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getService: { input: { path: { "project": string; "name": string } }; output: Object };
  applyService: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string }; body: Service }; output: Changed | Planned };
  deleteService: { input: { path: { "project": string; "name": string }; query?: { "dryRun"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listServiceRevisions: { input: { path: { "project": string; "name": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: RevisionPage };
  getServiceRevision: { input: { path: { "project": string; "name": string; "number": number } }; output: Revision };
  restoreService: { input: { path: { "project": string; "name": string; "number": number }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  listPods: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getPod: { input: { path: { "project": string; "name": string } }; output: Object };
  listNodes: { input: { query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getNode: { input: { path: { "name": string } }; output: Object };
  listBandwidths: { input: { query?: { "limit"?: number; "cursor"?: string; "sort"?: "name" | "created"; "direction"?: "ascending" | "descending"; "search"?: string; "labelSelector"?: string } }; output: ObjectPage };
  getBandwidthOfANode: { input: { path: { "name": string } }; output: Object };
  listMembers: { input: { path: { "project": string } }; output: { readonly "items": readonly (Member)[] } };
  setMember: { input: { path: { "project": string; "type": "user" | "group"; "member": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string }; body: { readonly "role": "viewer" | "editor" | "admin" } }; output: Changed | Planned };
  removeMember: { input: { path: { "project": string; "type": "user" | "group"; "member": string }; query?: { "dryRun"?: boolean; "force"?: boolean }; header?: { "idempotency-key"?: string; "if-match"?: string } }; output: Changed | Planned };
  getPodLog: { input: { path: { "project": string; "name": string }; query?: { "container"?: string; "tailLines"?: number; "previous"?: boolean } }; output: string };
  listEvents: { input: { path: { "project": string }; query?: { "kind"?: string; "name"?: string; "type"?: "Normal" | "Warning"; "limit"?: number } }; output: EventList };
  viewNode: { input: { path: { "name": string } }; output: NodeView };
  listMetrics: { input: {  }; output: { readonly "isConfigured": boolean; readonly "items": readonly (MetricQuery)[] } };
  queryProjectMetric: { input: { path: { "project": string; "query": string }; query?: { "start"?: number; "end"?: number; "step"?: number; "pod"?: string; "experiment"?: string } }; output: Metric };
  queryClusterMetric: { input: { path: { "query": string }; query?: { "start"?: number; "end"?: number; "step"?: number; "node"?: string } }; output: Metric };
  getOverview: { input: {  }; output: Overview };
  getTopology: { input: { path: { "project": string; "name": string } }; output: Topology };
  listHistory: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending" } }; output: RevisionPage };
  listProjectAudit: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending"; "actor"?: string; "action"?: string; "result"?: "allowed" | "denied" | "failed" } }; output: AuditPage };
  listAudit: { input: { query?: { "limit"?: number; "cursor"?: string; "direction"?: "ascending" | "descending"; "actor"?: string; "action"?: string; "result"?: "allowed" | "denied" | "failed" } }; output: AuditPage };
  listBenchmarks: { input: { path: { "project": string }; query?: { "limit"?: number; "cursor"?: string; "sort"?: "time" | "name"; "direction"?: "ascending" | "descending"; "name"?: string } }; output: BenchmarkPage };
  getBenchmark: { input: { path: { "project": string; "id": number } }; output: Benchmark };
  tabulateReach: { input: { path: { "project": string }; body: { readonly "ports": readonly (string)[]; readonly "family": "ipv4" | "ipv6"; readonly "apply": readonly ({ readonly "apiVersion": string; readonly "kind": string; readonly "metadata": { readonly "name": string } & { readonly [key: string]: unknown }; readonly "spec": { readonly [key: string]: unknown } })[]; readonly "remove": readonly ({ readonly "kind": "NetworkPolicy"; readonly "name": string })[] } }; output: ReachMatrix };
  tabulateAllReach: { input: { body: { readonly "ports": readonly (string)[]; readonly "family": "ipv4" | "ipv6"; readonly "apply": readonly ({ readonly "apiVersion": string; readonly "kind": string; readonly "metadata": { readonly "name": string } & { readonly [key: string]: unknown }; readonly "spec": { readonly [key: string]: unknown } })[]; readonly "remove": readonly ({ readonly "kind": "NetworkPolicy"; readonly "name": string })[] } }; output: ReachMatrix };
  canTalk: { input: { path: { "project": string }; query: { "from": string; "to": string; "port": string; "family"?: "ipv4" | "ipv6" } }; output: ReachAnswer };
  watchChanges: { input: { query?: { "project"?: string; "after"?: number }; header?: { "last-event-id"?: string } }; output: string };
};
