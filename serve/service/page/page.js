"use strict";
// Asks /arms/<arm>/…, which is the same behind a router and at a service that stands alone.
const {home, arms, scale, events} = document.documentElement.dataset;
const ARMS = arms.split(" ");
const [LOW, HIGH] = scale.split(" ").map(Number);
const FIRST_SHOWN = matchMedia("(max-width: 60rem)").matches ? 4 : 12;
const AGAIN_MS = 300, AGAIN_TIMES = 20;
const KINDS = {svd: "SVD", svdpp: "SVD++"};
const TIERS = {
  "model": ["Known to the model", "Ranked by what this user did before the training, and since."],
  "fold-in": ["Folded in", "The model has no row for this user: ranked by what was seen of them since."],
  "popular": ["Popular", "Nothing is known of this user: what most people took up."],
};
const MINOR = new Set("a an and as at but by for from in nor of on or the to with de la le".split(" "));
const ROMAN = /^(ii|iii|iv|vi|vii|viii|ix)$/;
const $ = (id) => document.getElementById(id);
let asked = 0;  // what was asked before the last question is not shown any more

// "the+lord+of+the+rings+2001" → ["The Lord of the Rings", "2001"]
function titleOf(slug) {
  const words = slug.split("+").filter(Boolean);
  const year = words.length > 1 && /^(18|19|20)\d\d$/.test(words.at(-1)) ? words.pop() : "";
  const title = words.map((word, i) => {
    if (i && i < words.length - 1 && MINOR.has(word)) return word;
    if (i && ROMAN.test(word)) return word.toUpperCase();
    return word.replace(/(^|[-.*])[a-z]|_[a-z](?=[a-z])/g, (start) => start.toUpperCase());
  });
  return [title.join(" ").replaceAll("_", " ") || slug, year];
}

function named(slug) {
  const [title, year] = titleOf(slug);
  return year ? `${title} (${year})` : title;
}

function element(tag, text = "", kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const figure = (x) => x.toLocaleString("en", {maximumSignificantDigits: 3});
const several = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

class Refused extends Error {}

// JSON of a path of an arm. Throws Refused with the service's own words.
async function ask(arm, path, options = {}) {
  let response, text;
  try {
    const headers = {Accept: "application/json", ...options.headers};
    response = await fetch(`/arms/${arm}/${path}`, {...options, headers, cache: "no-store"});
    text = await response.text();
  } catch {
    throw new Refused("The service does not answer. Is it running?");
  }
  if (!response.ok) throw new Refused(text || `status ${response.status}`);
  return text.startsWith("{") ? JSON.parse(text) : text;
}

function say(text, kind = "") {
  $("said").textContent = text;
  $("said").className = kind;
}

async function lookUp(user) {
  const mine = ++asked;
  $("user").value = user;
  $("shown").setAttribute("aria-busy", "true");
  say("");
  try {
    const history = await ask(home, `history/${encodeURIComponent(user)}`);
    const given = await askArms(user);
    if (mine === asked) show(user, history, given);
  } catch (error) {
    if (mine === asked) refuse(error);
  }
  $("shown").removeAttribute("aria-busy");
}

// Of each arm its answer, or why there is none: one arm that is down leaves the other's list.
async function askArms(user) {
  const path = `recommend/${encodeURIComponent(user)}`;
  return Promise.all(ARMS.map((arm) => ask(arm, path).catch((error) => error)));
}

function refuse(error) {
  if (!(error instanceof Refused)) throw error;
  $("shown").hidden = $("welcome").hidden = true;
  say(error.message, "trouble");
}

function show(user, history, given) {
  document.title = `User ${user} – movierec`;
  $("welcome").hidden = true;
  $("shown").hidden = false;
  showHistory(user, history);
  $("arms").replaceChildren(...given.map((answer, i) => armOf(user, ARMS[i], answer, given)));
}

function showHistory(user, history) {
  const {movies, total} = history;
  $("who").textContent = `User ${user}`;
  const late = movies.filter((movie) => movie.source === "log").length;
  $("known").textContent = total
    ? several(total, "movie") + " watched or rated" + (late ? `, ${late} of them since the training` : "")
    : "Nothing is known of this user yet.";
  $("movies").replaceChildren(...movies.slice(0, FIRST_SHOWN).map(seen));
  const more = $("more");
  more.hidden = movies.length <= FIRST_SHOWN;
  more.textContent = `Show all ${movies.length}`;
  more.onclick = () => {
    $("movies").replaceChildren(...movies.map(seen));
    more.hidden = true;
  };
}

function seen(movie) {
  const line = element("li"), [title, year] = titleOf(movie.id);
  if (movie.rating !== null) {
    const stars = element("span", `★ ${figure(movie.rating)}`, "stars");
    stars.setAttribute("aria-label", `rated ${figure(movie.rating)}`);
    line.append(stars);
  }
  line.append(title, " ", element("span", year && `(${year})`, "year"));
  if (movie.source === "log") line.append(element("div", movie.rating === null ? "watched since the training" : "rated since the training", "late"));
  return line;
}

function armOf(user, arm, answer, given) {
  const made = $("arm").content.cloneNode(true).firstElementChild;
  const find = (where) => made.querySelector(where);
  made.dataset.arm = arm;
  const kind = answer.provenance?.kind ?? arm;
  find("h2").textContent = KINDS[kind] ?? kind;
  if (answer instanceof Error) {
    find(".tier").remove();
    find(".provenance").remove();
    find(".summary").textContent = answer.message;
    find(".summary").className = "trouble";
    return made;
  }
  const [badge, meaning] = TIERS[answer.tier] ?? [answer.tier, ""];
  find(".tier").textContent = badge;
  find(".tier").classList.add(answer.tier);
  find(".summary").textContent = answer.scores ? `${meaning} ★ is the predicted rating, the bar the score.` : meaning;
  const others = given.filter((other) => other !== answer && other.ids).flatMap((other) => other.ids);
  const alone = (id) => others.length > 0 && answer.scores && !others.includes(id);
  const most = Math.max(...(answer.scores ?? [0]));
  find(".offers").append(...answer.ids.map((id, i) => offer(user, arm, answer, i, most, alone(id))));
  find("dl").append(...Object.entries(answer.provenance).flatMap(([name, value]) =>
    [element("dt", name.replaceAll("_", " ")), element("dd", value)]));
  return made;
}

function offer(user, arm, answer, i, most, alone) {
  const made = $("offer").content.cloneNode(true).firstElementChild;
  const find = (where) => made.querySelector(where);
  const id = answer.ids[i], [title, year] = titleOf(id);
  made.dataset.movie = id;
  find(".place").textContent = i + 1;
  find(".title").textContent = title;
  find(".year").textContent = year && `(${year})`;
  find(".alone").hidden = !alone;
  find(".why").textContent = inShort(answer, i);
  if (answer.ratings) {
    find(".rating").textContent = `★ ${answer.ratings[i].toFixed(1)}`;
    find(".rating").title = `predicted rating, ${LOW} to ${HIGH}`;
    find(".bar i").style.width = `${most > 0 ? Math.max(3, 100 * answer.scores[i] / most) : 0}%`;
  } else {
    find(".worth").remove();
  }
  const details = find("details");
  details.addEventListener("toggle", () => {
    if (details.open && !find(".inside").hasChildNodes()) open(find(".inside"), user, arm, answer, i);
  });
  return made;
}

// One line: which of the user's own movies weigh most.
function inShort(answer, i) {
  const from = (answer.because?.[i].uptake ?? answer.because?.[i].implicit)?.from ?? [];
  const mine = from.filter((reason) => reason.weight > 0).slice(0, 2).map((reason) => titleOf(reason.id)[0]);
  return mine.length ? `because of ${mine.join(" and ")}` : "";
}

function open(inside, user, arm, answer, i) {
  const id = answer.ids[i];
  if (events === "on") inside.append(actions(user, id));
  if (answer.scores) inside.append(element("h3", "How it is scored"), table(answer, i));
  inside.append(element("h3", "Taken up by the same people"));
  const near = element("p", "…");
  inside.append(near);
  ask(arm, `similar/${encodeURIComponent(id)}`).then((found) => {
    const list = element("ol", "", "near");
    list.append(...found.ids.slice(0, 8).map((other) => element("li", named(other))));
    near.replaceWith(list);
  }).catch((error) => {
    near.textContent = error.message;
    near.className = "quiet";
  });
}

function table(answer, i) {
  const made = element("table", "", "parts"), reasons = answer.because?.[i];
  const row = (name, value, kind = "") => {
    const line = element("tr", "", kind), head = element("th", name);
    head.scope = "row";
    line.append(head, element("td", value));
    made.append(line);
  };
  const sum = (part, name) => {
    row(name, figure(part.value));
    for (const {id, weight} of part.from) row(named(id), figure(weight), "of");
    if (part.others) row("all others", figure(part.others), "of");
  };
  row("Score", figure(answer.scores[i]));
  if (reasons?.uptake) {
    sum(reasons.uptake, "Uptake, from this user’s own movies");
    row("Floor, by popularity", figure(reasons.floor));
    row("Trend", `× ${figure(reasons.trend)}`);
    row("Liking, by the predicted rating", `× ${figure(reasons.liking)}`);
  }
  row("Predicted rating", figure(answer.ratings[i]));
  if (reasons?.implicit) sum(reasons.implicit, "Of it, for having taken these up");
  return made;
}

function actions(user, id) {
  const made = element("div", "", "did"), choice = element("select");
  const step = HIGH - LOW >= 4 ? 1 : 0.5;
  choice.setAttribute("aria-label", `Rating of ${named(id)}`);
  for (let rating = HIGH; rating >= LOW; rating -= step) choice.append(new Option(`★ ${rating}`, rating));
  const rate = element("button", "Rate"), watch = element("button", "Watched it");
  rate.type = watch.type = "button";
  rate.onclick = () => happen(user, {movie: id, rating: Number(choice.value)}, made);
  watch.onclick = () => happen(user, {movie: id, watch: 0}, made);
  made.append(choice, rate, watch);
  return made;
}

// Tell the log, then ask until the lists know of it.
async function happen(user, event, controls) {
  const mine = ++asked, buttons = controls.querySelectorAll("button");
  const did = "rating" in event ? "Rated" : "Watched";
  buttons.forEach((button) => { button.disabled = true; });
  say(`${did} ${named(event.movie)}: the event is on its way…`);
  try {
    const body = `{"user":${user},${JSON.stringify(event).slice(1)}`;  // 18 digits are no number here
    await ask(home, "events", {method: "POST", body, headers: {"Content-Type": "application/json"}});
    for (let turn = 0; turn < AGAIN_TIMES && mine === asked; turn++) {
      const history = await ask(home, `history/${user}`);
      const given = await askArms(user);
      const known = history.movies.some((movie) => movie.id === event.movie && movie.source === "log");
      const offered = given.some((answer) => answer.ids?.includes(event.movie));
      if (mine === asked && known && !offered) {
        show(user, history, given);
        $("who").scrollIntoView({block: "nearest"});
        say(`${did} ${named(event.movie)}. The event went through Kafka, and these lists know of it.`, "good");
        return;
      }
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    if (mine === asked) say("Kafka has the event; the services have not read it yet.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine === asked) say(error.message, "trouble");
  }
  buttons.forEach((button) => { button.disabled = false; });
}

function go() {
  const user = decodeURIComponent(location.hash.slice(1));
  if (user) return lookUp(user);
  asked++;
  document.title = "movierec";
  $("shown").hidden = true;
  $("welcome").hidden = false;
  say("");
  $("user").value = "";
  $("user").focus();
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = `#${encodeURIComponent($("user").value.trim())}`;
  if (wanted === location.hash) go(); else location.hash = wanted;
});
$("random").addEventListener("click", async () => {
  try {
    location.hash = `#${(await ask(home, "users/random")).user}`;
  } catch (error) {
    refuse(error);
  }
});
addEventListener("hashchange", go);
go();
