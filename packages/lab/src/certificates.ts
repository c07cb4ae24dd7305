/**
 * Certificates of a lab as one openssl script: two authorities (the cluster and the API server's front proxy), a service account
 * key, and one EC P-256 pair per identity.
 */
import { firstNode, inFamilies, type LabLayout, ranges } from "./layout.ts";

/** One certificate to issue. */
export type Certificate = {
  readonly file: string;
  readonly subject: string;
  readonly names: readonly string[];
  readonly authority: "ca" | "front-ca";
};

function client(file: string, subject: string): Certificate {
  return { file, subject, names: [], authority: "ca" };
}

function apiserverNames(lab: LabLayout): readonly string[] {
  const service = "kubernetes.default.svc.cluster.local".split(".");
  const dns = [1, 2, 3, 5].map((length) => `DNS:${service.slice(0, length).join(".")}`);
  const services = inFamilies(lab, ranges.kubernetes);
  const addresses = ["127.0.0.1", "::1", ...services, ...firstNode(lab).addresses];
  return [...dns, "DNS:localhost", ...addresses.map((address) => `IP:${address}`)];
}

/** Every certificate of a lab. */
export function labCertificates(lab: LabLayout): readonly Certificate[] {
  const kubelets = lab.nodes.map((node): Certificate => ({
    file: `kubelet-${node.name}`,
    subject: `/O=system:nodes/CN=system:node:${node.name}`,
    names: [`DNS:${node.name}`, ...node.addresses.map((address) => `IP:${address}`)],
    authority: "ca",
  }));
  return [
    {
      file: "apiserver",
      subject: "/CN=kube-apiserver",
      names: apiserverNames(lab),
      authority: "ca",
    },
    client("admin", "/O=system:masters/CN=admin"),
    client("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client"),
    client("controller-manager", "/CN=system:kube-controller-manager"),
    client("scheduler", "/CN=system:kube-scheduler"),
    client("proxy", "/CN=system:kube-proxy"),
    { file: "front", subject: "/CN=front-proxy", names: [], authority: "front-ca" },
    ...kubelets,
  ];
}

/**
 * A bash script that issues the certificates in the current folder. Without the file `complete` the folder is empty, and
 * authorities are made first; a certificate appears when it is whole.
 */
export function certificateScript(certificates: readonly Certificate[]): string {
  const issue = certificates.map(
    ({ file, subject, names, authority }) =>
      `crt ${file} ${subject} ${authority} "${names.join(",")}"`,
  );
  return [
    "set -e; umask 077",
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }",
    "ca() { key $1; openssl req -x509 -new -key $1.key -subj /CN=seam-lab-$1 -days 3650 -out $1.crt -addext keyUsage=critical,digitalSignature,keyCertSign; }",
    "crt() { key $1; openssl req -new -key $1.key -subj $2 -out $1.csr",
    String.raw`  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n' >$1.ext`,
    '  [ -z "$4" ] || echo "subjectAltName=$4" >>$1.ext',
    "  openssl x509 -req -in $1.csr -CA $3.crt -CAkey $3.key -CAcreateserial -days 3650 -extfile $1.ext -out $1.new; rm $1.csr $1.ext; mv $1.new $1.crt; }",
    "[ -e complete ] || { ca ca; ca front-ca; key sa; openssl ec -in sa.key -pubout -out sa.pub; }",
    ...issue,
    "touch complete",
    "",
  ].join("\n");
}
