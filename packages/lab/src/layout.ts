/**
 * Names, addresses and folders of one lab. Everything that is spelled in more than one place of the lab (a namespace, a node's
 * address, the folder of its state) is spelled here, from the lab's name and the node's number alone.
 */

/** An IP address family. */
export type Family = "ipv4" | "ipv6";

/** The families that a lab can have, by the name that its user writes; the preferred one comes first. */
const familiesOf = {
  dual: ["ipv4", "ipv6"],
  ipv4: ["ipv4"],
  ipv6: ["ipv6"],
} as const satisfies { readonly [name: string]: readonly Family[] };

/** Name of a choice of families. */
export type FamilyChoice = keyof typeof familiesOf;

/** All choices of families. */
export const familyChoices = ["dual", "ipv4", "ipv6"] as const satisfies readonly FamilyChoice[];

/** What a caller chooses about a lab. */
export type LabOptions = {
  readonly name: string;
  /**
   * Number of nodes, 1 to 9; the first also runs the control plane. A lab that exists grows to it; by default it stays as
   * large as it is, and a new one has three.
   */
  readonly nodes?: number;
  /** Address families of nodes, pods and services; a new lab has both by default, and no lab changes them. */
  readonly families?: FamilyChoice;
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
  /** One of each family of the lab, in its order. */
  readonly addresses: readonly string[];
  readonly folder: string;
};

/** A node as a lab remembers it: its number, and the last part of its addresses. */
export type Member = { readonly index: number; readonly host: number };

/** What is fixed about a lab that exists. */
export type MadeLab = {
  readonly members?: readonly Member[];
  readonly families?: FamilyChoice | undefined;
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
  /** The choice, and what it means: the preferred family first. */
  readonly choice: FamilyChoice;
  readonly families: readonly Family[];
  readonly members: readonly Member[];
  readonly nodes: readonly LabNode[];
};

/** A text for each family. */
export type PerFamily = { readonly [family in Family]: string };

/** Pod and service ranges, the same in every lab: labs share no network. */
export const ranges = {
  pods: { ipv4: "10.244.0.0/16", ipv6: "fd00:10:244::/56" },
  services: { ipv4: "10.96.0.0/16", ipv6: "fd00:10:96::/112" },
  dns: { ipv4: "10.96.0.10", ipv6: "fd00:10:96::a" },
  kubernetes: { ipv4: "10.96.0.1", ipv6: "fd00:10:96::1" },
  fabric: { ipv4: "10.200.0.1", ipv6: "fd00:200::1" },
  outside: { ipv4: "10.200.0.250", ipv6: "fd00:200::250" },
} as const satisfies { readonly [name: string]: PerFamily };

/** What a lab has of `each`: one for each of its families, in their order. */
export const inFamilies = (
  { families }: Pick<LabLayout, "families">,
  each: PerFamily,
): readonly string[] => families.map((family) => each[family]);

/** What a lab has of `each` in its preferred family. */
export const preferred = ({ families }: Pick<LabLayout, "families">, each: PerFamily): string =>
  each[families[0] ?? "ipv4"];

/** The family of an address or prefix as text. */
export const familyOf = (text: string): Family => (text.includes(":") ? "ipv6" : "ipv4");

/** An address as the host of a URL. */
const urlHost = (address: string): string =>
  familyOf(address) === "ipv6" ? `[${address}]` : address;

/** Holds the state of every lab of this host. */
export const stateRoot = "/var/lib/seam-lab";
const runRoot = "/run/seam-lab";

/** Folders of a lab by name, also of one that is not running. */
export function labFolders(name: string): { readonly state: string; readonly run: string } {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw new Error(`lab name "${name}" must be 1 to 20 of a-z, 0-9 and -, starting with a letter`);
  }
  return { state: `${stateRoot}/${name}`, run: `${runRoot}/${name}` };
}

/** Node n1 has 10.200.0.11 and fd00:200::11, and so on, unless it was given others. */
const usualHost = (index: number): number => 10 + index;

function nodeLayout(name: string, { index, host }: Member, families: readonly Family[]): LabNode {
  const address = { ipv4: `10.200.0.${host}`, ipv6: `fd00:200::${host}` };
  return {
    name: `n${index}`,
    netns: `seam-${name}-n${index}`,
    addresses: families.map((family) => address[family]),
    folder: `${stateRoot}/${name}/n${index}`,
  };
}

/** The full layout of a lab, also of one that exists: `made` is what is fixed about it. */
export function labLayout(options: LabOptions, made: MadeLab = {}): LabLayout {
  const { state, run } = labFolders(options.name);
  const members = grown(options, made.members ?? []);
  const choice = chosenFamilies(options, made);
  const families = familiesOf[choice];
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
    choice,
    families,
    members,
    nodes: members.map((member) => nodeLayout(options.name, member, families)),
  };
}

/** The members that there are, and with the lowest free numbers as many more as are asked for. */
function grown({ name, nodes }: LabOptions, members: readonly Member[]): readonly Member[] {
  const count = nodes ?? (members.length > 0 ? members.length : 3);
  if (!Number.isInteger(count) || count < 1 || count > 9) {
    throw new Error(`a lab has 1 to 9 nodes, not ${count}`);
  }
  if (count < members.length) {
    throw new Error(
      `nodes: lab ${name} has ${members.length}, expected at least as many, not ${count}; take one away with: seam lab remove-node NODE`,
    );
  }
  const taken = new Set(members.map(({ index }) => index));
  const free = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((index) => !taken.has(index));
  const added = free.slice(0, count - members.length).map((index) => ({
    index,
    host: usualHost(index),
  }));
  return [...members, ...added].toSorted((one, other) => one.index - other.index);
}

/** The lowest last part of an address, after all usual ones, that no member has. */
export function freeHost(members: readonly Member[]): number {
  const taken = new Set(members.map(({ host }) => host));
  let host = usualHost(10);
  while (taken.has(host)) host += 1;
  return host;
}

function chosenFamilies({ name, families }: LabOptions, made: MadeLab): FamilyChoice {
  if (families !== undefined && made.families !== undefined && families !== made.families) {
    throw new Error(
      `families: lab ${name} was made with ${made.families}, expected the same, not ${families}; take it down first to change them`,
    );
  }
  return families ?? made.families ?? "dual";
}

/** The node that runs the control plane. */
export function firstNode(lab: LabLayout): LabNode {
  const first = lab.nodes[0];
  if (first === undefined) {
    throw new Error("a lab has at least one node");
  }
  return first;
}

/** The node called `name`; an error that names those there are when there is none. */
export function nodeNamed(lab: LabLayout, name: string): LabNode {
  const found = lab.nodes.find((node) => node.name === name);
  if (found !== undefined) return found;
  const names = lab.nodes.map((node) => node.name).join(", ");
  throw new Error(`lab ${lab.name} has no node "${name}"; it has ${names}`);
}

/** Where the API server is for programs on nodes. */
export const apiServerOf = (lab: LabLayout): string =>
  `https://${urlHost(firstNode(lab).addresses[0] ?? "")}:6443`;
