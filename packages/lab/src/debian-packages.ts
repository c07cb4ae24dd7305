/** The Debian packages that Seam's lab, build and tests need: what the two commands install and `seam doctor` looks for. */
export const debianPackages: readonly string[] = [
  "gcc", // the CNI shim
  "libc6-dev",
  "runc", // the lab
  "conntrack",
  "openssl",
  "curl", // tests of the API client
  "iproute2", // judges of the netlink code, namespaces of the tests
  "iputils-ping",
  "busybox-static", // the traffic image
  "netcat-openbsd", // the image of the upstream tests
  "bind9-dnsutils",
  "wget",
  "iperf3",
  "tcpdump",
  "procps",
  "buildah", // judge of the images
  "containernetworking-plugins", // peer of seam bench bandwidth
  "libnftables1", // the kernel door's nftables
  "postgresql-15", // the external database in the store's tests
  "chromium", // the dashboard's tests
  "fonts-dejavu-core",
  "python3-venv", // the Python client, and tests with clients in Python
  "nftables", // judge of the kernel door's nftables
];
