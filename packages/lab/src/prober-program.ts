/** What a prober runs in the network of a pod: a program as text, since it runs outside of this process. */

/** Ports on which every prober answers, TCP and UDP. */
export const PROBED_PORTS = [80, 81, 443, 8080] as const;

/**
 * It echoes what it is sent, and counts who sent it. Each line of its input is a question, answered by a line. UDP is asked again ten
 * times a second, since nothing else would.
 */
export const proberProgram = `const net = require("node:net"), dgram = require("node:dgram"), { spawn } = require("node:child_process");
const ports = ${JSON.stringify(PROBED_PORTS)};
const heard = new Map();
const hear = (address) => {
  const plain = address.replace("::ffff:", "");
  heard.set(plain, 1 + (heard.get(plain) ?? 0));
};
let waiting = 2 * ports.length;
const ready = () => --waiting === 0 && console.log("ready");
for (const port of ports) {
  net.createServer((c) => { hear(c.remoteAddress ?? ""); c.on("error", () => {}).pipe(c); }).listen(port, "::", ready);
  const udp = dgram.createSocket("udp6").bind(port, ready);
  udp.on("message", (data, { address, port: to }) => { hear(address); udp.send(data, to, address, () => {}); });
}
const clock = () => Number(process.hrtime.bigint()) / 1e6;
const datagrams = (address) => dgram.createSocket(address.includes(":") ? "udp6" : "udp4").on("error", () => {});
/** When so long has passed in which this program had its turns: of one that waits for a processor nobody is kept waiting in vain. */
function patienceOf(duration) {
  return new Promise((done) => {
    let left = duration / 50;
    const ticking = setInterval(() => { if (--left < 0) { clearInterval(ticking); done(false); } }, 50);
  });
}
function tcp({ address: host, port }, late) {
  return new Promise((done) => {
    const socket = net.connect({ host, port });
    const end = (answer) => { socket.destroy(); done(answer); };
    late.then(end);
    socket.on("connect", () => end(true)).on("error", () => {});
  });
}
function udp({ address, port }, late) {
  return new Promise((done) => {
    const socket = datagrams(address);
    const say = () => socket.send("x", port, address, () => {});
    const again = setInterval(say, 100);
    let isEnded = false;
    const end = (answer) => { if (!isEnded) { isEnded = true; clearInterval(again); socket.close(); } done(answer); };
    late.then(end);
    socket.on("message", () => end(true));
    say();
  });
}
const pings = new Set();
process.on("exit", () => { for (const each of pings) each.kill(); });
/** How many echoes were asked for and answered, when ping ends by itself or is asked to. */
function ping(address, ...how) {
  const child = spawn("ping", ["-n", "-q", ...how, address], { stdio: ["ignore", "pipe", "ignore"] });
  pings.add(child);
  let text = "";
  child.stdout.on("data", (data) => { text += data; });
  const counts = new Promise((done) => child.on("close", () => {
    pings.delete(child);
    done((/(\\d+) packets transmitted, (\\d+) received/.exec(text) ?? [0, 0, 0]).slice(1).map(Number));
  }));
  return { counts, end: () => child.kill("SIGINT") };
}
async function icmp({ address }, late, patience) {
  const [, answered] = await ping(address, "-c", "3", "-i", "0.2", "-W", String(patience / 1000)).counts;
  return answered > 0;
}
function follow(address, duration) {
  return new Promise((done) => {
    const socket = datagrams(address);
    const came = [];
    socket.on("message", () => came.push(clock()));
    const again = setInterval(() => socket.send("x", ports[0], address, () => {}), 1);
    setTimeout(() => { clearInterval(again); socket.close(); done(came); }, duration);
  });
}
let isOver = false;
/** Calls say so often, however late timers come, until the time or the load is over, and ends with what end gives. */
function paced({ durationMs, perSecond }, say, end) {
  return new Promise((done) => {
    const start = clock();
    isOver = false;
    let said = 0;
    const timer = setInterval(() => {
      const now = clock() - start;
      while (said < Math.min(now, durationMs) * perSecond / 1000) say(said++);
      if (now < durationMs && !isOver) return;
      clearInterval(timer);
      setTimeout(() => done(end(said)), 1500);
    }, 2);
  });
}
async function converse(addresses, load) {
  let answered = 0, cut = 0, over = false;
  const sockets = await Promise.all(addresses.map((host) => new Promise((done) => {
    const socket = net.connect({ host, port: ports[0], noDelay: true }, () => done(socket));
    socket.on("data", (data) => { answered += data.length; });
    socket.on("error", () => {}).on("close", () => { if (!over) cut++; });
  })));
  return paced(load, (turn) => sockets[turn % sockets.length].write("x"), (said) => {
    over = true;
    for (const socket of sockets) socket.destroy();
    return [said, answered, cut];
  });
}
/** Refused counts as answered: only who was reached refuses. */
function reach(host) {
  return new Promise((done) => {
    const socket = net.connect({ host, port: ports[0] });
    const end = (answer) => { socket.destroy(); clearTimeout(timer); done(answer); };
    const timer = setTimeout(end, 1000, false);
    socket.on("connect", () => end(true)).on("error", ({ code }) => end(code === "ECONNREFUSED"));
  });
}
function press(addresses, load) {
  let answered = 0;
  const sockets = addresses.map((address) => datagrams(address).on("message", () => { answered++; }));
  const echoes = addresses.map((address) => ping(address, "-i", "0.05"));
  const say = (turn) => {
    const at = turn % addresses.length, lap = Math.floor(turn / addresses.length);
    if (lap % 10 > 0) sockets[at].send("x", ports[lap % ports.length], addresses[at], () => {});
    else void reach(addresses[at]).then((came) => { if (came) answered++; });
  };
  return paced(load, say, (said) => said).then(async (said) => {
    for (const socket of sockets) socket.close();
    for (const each of echoes) each.end();
    const counts = await Promise.all(echoes.map((each) => each.counts));
    const sum = (at) => counts.reduce((all, each) => all + each[at], 0);
    return [said + sum(0), answered + sum(1), 0];
  });
}
const by = { TCP: tcp, UDP: udp, ICMP: icmp };
const answer = {
  probe: ({ probes, patience }) => {
    const late = patienceOf(patience);
    return Promise.all(probes.map((probe) => by[probe.protocol](probe, late, patience)));
  },
  follow: ({ addresses, duration }) => Promise.all(addresses.map((address) => follow(address, duration))),
  converse: ({ addresses, load }) => converse(addresses, load),
  press: ({ addresses, load }) => press(addresses, load),
  heard: async () => [...heard],
};
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const question = JSON.parse(line);
  if (question.what === "stop") return void (isOver = true);
  console.log(JSON.stringify(await answer[question.what](question)));
}).on("close", () => process.exit(0));`;
