// stages/movierec/routing.py in njs: which arm answers a user, and which one stands in for it.
// Every request runs in a state of its own, so the file of weights is read anew for each: whoever
// changes it changes the next request. `start` is what infra/router/start.py found at the start.
import crypto from "crypto";
import fs from "fs";

const ARMS = start.arms.split(" ");
const USER = /^\/(?:arms\/[^/]+\/)?(?:recommend|history)\/(0|[1-9][0-9]{0,17})$/;
const SALT = /^[A-Za-z0-9.-]{1,64}$/;

function uniform(key) {
  const hex = crypto.createHash("sha256").update(key).digest("hex");
  return (parseInt(hex.slice(0, 13), 16) + 0.5) / 4503599627370496;  // 2^52
}

function before(a, b) {
  if (a.out !== b.out) return a.out ? 1 : -1;
  if (a.time !== b.time) return a.time - b.time;
  return a.name < b.name ? -1 : 1;
}

function ranked(user, routing) {
  return ARMS.map((name) => {
    const weight = routing.weights[name] || 0;
    const time = -Math.log(uniform(`${routing.salt}:${name}:${user}`));
    return {out: weight === 0, time: weight ? time / weight : time, name: name};
  }).sort(before).map((arm) => arm.name);
}

function fits(routing) {
  if (typeof routing !== "object" || !routing || !SALT.test(routing.salt)) return false;
  const weights = routing.weights;
  if (typeof routing.salt !== "string" || typeof weights !== "object" || !weights) return false;
  if (Object.keys(routing).length > 2) return false;
  const names = Object.keys(weights);
  return names.every((name) => ARMS.includes(name)
    && typeof weights[name] === "number" && weights[name] >= 0 && weights[name] <= 1e9)
    && names.some((name) => weights[name] > 0);
}

// The file's routing, or that of the start while the file is none: half-written, missing, a pipe (which
// would be waited for), or naming an arm that is not here.
function current() {
  try {
    if (!fs.statSync(start.file).isFile()) return {routing: start.routing, source: "start"};
    const routing = JSON.parse(fs.readFileSync(start.file, "utf8"));
    if (fits(routing)) return {routing: routing, source: "file"};
  } catch (error) {
    // told by `source`
  }
  return {routing: start.routing, source: "start"};
}

// "file:svd_svdpp": whose weights these are, and the upstream that asks svd first and then svdpp. What
// is no user's is dealt by its path.
function ranking(r) {
  const user = USER.exec(r.uri);
  const now = current();
  return `${now.source}:${ranked(user ? user[1] : r.uri, now.routing).slice(0, 2).join("_")}`;
}

// Told as an answer that failed is logged. njs 0.7 shares no memory, so each worker counts in a file of
// its own; who reads one sees the old count or the new.
function counted(r) {
  const file = `${start.failed}/${process.pid}`;
  try {
    fs.writeFileSync(`${file}.new`, String(count(file) + 1));
    fs.renameSync(`${file}.new`, file);
  } catch (error) {
    // no reason to lose its line of the log
  }
  return "1";
}

function count(file) {
  try {
    return Number(fs.readFileSync(file, "utf8"));
  } catch (error) {
    return 0;  // the first one of this worker
  }
}

function failed() {
  try {
    return fs.readdirSync(start.failed).filter((name) => !name.endsWith(".new"))
      .reduce((sum, name) => sum + count(`${start.failed}/${name}`), 0);
  } catch (error) {
    return NaN;  // nginx's user may not look into the router's folder
  }
}

function metrics(r) {
  const now = current();
  const sum = ARMS.reduce((sum, name) => sum + (now.routing.weights[name] || 0), 0);
  const lines = [
    "# HELP movierec_router_weights_from_file 1 while the file of weights is in force, 0 while it is malformed.",
    "# TYPE movierec_router_weights_from_file gauge",
    `movierec_router_weights_from_file ${now.source === "file" ? 1 : 0}`,
    "# HELP movierec_router_share Of users whom an arm is to answer.",
    "# TYPE movierec_router_share gauge",
  ];
  ARMS.forEach((name) => {
    lines.push(`movierec_router_share{arm="${name}"} ${(now.routing.weights[name] || 0) / sum}`);
  });
  lines.push("# HELP movierec_router_connections Of clients, open now.");
  lines.push("# TYPE movierec_router_connections gauge");
  ["active", "reading", "writing", "waiting"].forEach((state) => {
    lines.push(`movierec_router_connections{state="${state}"} ${r.variables[`connections_${state}`]}`);
  });
  lines.push("# HELP movierec_router_failed_total Recommendations that callers got as 5xx, whoever failed.");
  lines.push("# TYPE movierec_router_failed_total counter");
  lines.push(`movierec_router_failed_total ${failed()}`);
  r.headersOut["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
  r.return(200, lines.join("\n") + "\n");
}

export default {counted, metrics, ranking};
