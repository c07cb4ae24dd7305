/** `npm start`: brings up a real Kubernetes cluster on this machine, or shows the one that runs. */
import { goTools, labStatus, labUp } from "@seam/lab";

import { installSystemPackages } from "./setup/debian.ts";

const name = "seam";

installSystemPackages();
const binFolder = await goTools();
for await (const progress of labUp({ name, binFolder, network: "reference" })) {
  console.log(`seam: ${progress}`);
}
for (const node of (await labStatus(name)).nodes) {
  console.log(
    `  ${node.name}  ${node.ready ? "Ready" : "NotReady"}  pods ${node.podCidrs.join(" ")}`,
  );
}
console.log(`
Look around:  ${binFolder}/kubectl --kubeconfig /var/lib/seam-lab/${name}/kubeconfig get nodes -o wide
End it:       npm run stop`);
