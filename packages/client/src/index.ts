export { type InstallOptions, installSeam } from "./install.ts";
