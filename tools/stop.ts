/** `npm run stop`: removes the cluster that `npm start` made, and every trace of it. */
import { labDown } from "@seam/lab";

await labDown("seam");
console.log("seam: the cluster is gone");
