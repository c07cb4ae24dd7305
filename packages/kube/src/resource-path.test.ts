/** What a request is about, by its path. */
import { expect, test } from "vitest";
import { resourceIn } from "./resource-path.ts";

test.each([
  ["/api/v1/pods?watch=true", "pods"],
  ["/api/v1/namespaces/lab-a", "namespaces"],
  ["/api/v1/namespaces", "namespaces"],
  ["/api/v1/namespaces/lab-a/pods/a/exec?command=x", "pods"],
  ["/apis/apps/v1/namespaces/lab-a/statefulsets/a/status", "statefulsets"],
  ["/apis/seam.ucsd.edu/v1alpha1/projects/lab-a", "projects"],
  ["/apis/apps/v1", "discovery"],
  ["/api/v1", "discovery"],
  ["/version", "version"],
])("%s is about %s", (path, resource) => {
  expect(resourceIn(path)).toBe(resource);
});
