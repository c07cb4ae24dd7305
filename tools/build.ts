/** `npm run build`: the dashboard's files, which `seam server` serves; nothing is done when they are current. */
import { buildDashboard } from "@seam/dashboard/build";

console.log(await buildDashboard());
