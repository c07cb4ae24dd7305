/**
 * Names, addresses and folders of one lab. Everything that is spelled in more than one place of the lab (a namespace, a node's
 * address, the folder of its state) is spelled here, from the lab's name and the node's number alone.
 */

/** What a caller chooses about a lab. */
export type LabOptions = {
  readonly name: string;
  /** Number of nodes, 1 to 9; the first also runs the control plane. */
  readonly nodes?: number;
  /** Folder with the Kubernetes, containerd and CNI binaries. */
  readonly binFolder: string;
  /** Image archives (docker or OCI layout) loaded into every node before its kubelet starts. */
  readonly images?: readonly string[];
  /**
   * The pod network: `reference` installs the upstream bridge plugin and routes, `seam` loads the images that an
   * installation of Seam needs and leaves installing to the caller, `none` (the default) leaves all to the caller.
   */
  readonly network?: "none" | "reference" | "seam";
};

/** One node of a lab. */
export type LabNode = {
  readonly name: string;
  readonly netns: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly folder: string;
};

/** A whole lab: what every other file of this package works from. */
export type LabLayout = {
  readonly name: string;
  readonly state: string;
  readonly run: string;
  readonly pki: string;
  readonly log: string;
  readonly kubeconfig: string;
  readonly fabric: string;
  readonly outside: string;
  readonly binFolder: string;
  readonly nodes: readonly LabNode[];
};

/** Pod and service ranges, the same in every lab: labs share no network. */
export const ranges = {
  pods: "10.244.0.0/16,fd00:10:244::/56",
  services: "10.96.0.0/16,fd00:10:96::/112",
  dns: "10.96.0.10",
  dnsIpv6: "fd00:10:96::a",
  kubernetes: "10.96.0.1",
  fabricIpv4: "10.200.0.1",
  fabricIpv6: "fd00:200::1",
} as const;

const stateRoot = "/var/lib/seam-lab";
const runRoot = "/run/seam-lab";

/** Folders of a lab by name, also of one that is not running. */
export function labFolders(name: string): { readonly state: string; readonly run: string } {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw new Error(`lab name "${name}" must be 1 to 20 of a-z, 0-9 and -, starting with a letter`);
  }
  return { state: `${stateRoot}/${name}`, run: `${runRoot}/${name}` };
}

function nodeLayout(name: string, index: number): LabNode {
  return {
    name: `n${index}`,
    netns: `seam-${name}-n${index}`,
    ipv4: `10.200.0.${10 + index}`,
    ipv6: `fd00:200::${10 + index}`,
    folder: `${stateRoot}/${name}/n${index}`,
  };
}

/** The full layout of a lab. */
export function labLayout(options: LabOptions): LabLayout {
  const { state, run } = labFolders(options.name);
  const count = options.nodes ?? 3;
  if (!Number.isInteger(count) || count < 1 || count > 9) {
    throw new Error(`a lab has 1 to 9 nodes, not ${count}`);
  }
  return {
    name: options.name,
    state,
    run,
    pki: `${state}/pki`,
    log: `${state}/log`,
    kubeconfig: `${state}/kubeconfig`,
    fabric: `seam-${options.name}-fabric`,
    outside: `seam-${options.name}-outside`,
    binFolder: options.binFolder,
    nodes: Array.from({ length: count }, (_, at) => nodeLayout(options.name, at + 1)),
  };
}

/** The node that runs the control plane. */
export function firstNode(lab: LabLayout): LabNode {
  const first = lab.nodes[0];
  if (first === undefined) {
    throw new Error("a lab has at least one node");
  }
  return first;
}
