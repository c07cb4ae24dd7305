/** What a request is about. */

/** The plural of what a path of the API is about, such as `pods`; of a path that names none its first part. */
export function resourceIn(path: string): string {
  const [, group, ...rest] = (path.split("?")[0] ?? "").split("/");
  // After api/VERSION, or apis/GROUP/VERSION.
  const inner = rest.slice(group === "apis" ? 2 : 1);
  const plural = inner[0] === "namespaces" && inner.length > 2 ? inner[2] : inner[0];
  return (group === "api" || group === "apis" ? plural : group) ?? "discovery";
}
