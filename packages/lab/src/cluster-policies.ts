/** The one kind of policies whose definition Seam does not bring: upstream's, with all that is experimental in it. */
import { mustRun } from "./command.ts";
import { goTools, policySuiteTools } from "./go-tools.ts";

/** Makes a cluster's API server serve ClusterNetworkPolicies. */
export async function defineClusterPolicies(kubeconfig: string): Promise<void> {
  const file = `${await policySuiteTools()}/policy.networking.k8s.io_clusternetworkpolicies.yaml`;
  const kubectl = [`${await goTools()}/kubectl`, `--kubeconfig=${kubeconfig}`];
  await mustRun([...kubectl, "apply", "--server-side", "-f", file]);
  await mustRun([...kubectl, "wait", "--for=condition=Established", "--timeout=90s", "-f", file]);
}
