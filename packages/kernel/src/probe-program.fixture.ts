/** Answers on ports 80 to 90, and asks what it is told to: one line for each question, one for its answer. */
export const probeProgram = `const net = require("node:net"), dgram = require("node:dgram");
let waiting = 22;
const ready = () => --waiting === 0 && console.log("ready");
for (let port = 80; port <= 90; port++) {
  net.createServer((c) => c.on("error", () => {}).pipe(c)).listen(port, "::", ready);
  const udp = dgram.createSocket("udp6").bind(port, ready);
  udp.on("message", (data, { address, port: to }) => udp.send(data, to, address, () => {}));
}
const held = new Map();
const ask = {
  tcp: (host, port, done) => {
    const socket = net.connect({ host, port });
    socket.on("connect", () => { socket.destroy(); done("yes"); }).on("error", (e) => done(e.code));
  },
  udp: (host, port, done) => {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.on("message", () => { socket.close(); done("yes"); }).send("x", port, host, () => {});
  },
  hold: (host, port, done) => {
    const socket = net.connect({ host, port, noDelay: true }).on("error", () => {});
    held.set(host + port, socket);
    socket.once("connect", () => done("yes"));
  },
  speak: (host, port, done) => {
    held.get(host + port).once("data", () => done("yes")).write("x");
  },
};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, host, port] = line.split(" ");
  let answered = false;
  const answer = (text) => { if (!answered) console.log(line + " " + text); answered = true; };
  setTimeout(answer, 400, "no");
  ask[what](host, Number(port), answer);
}).on("close", () => process.exit(0));`;
