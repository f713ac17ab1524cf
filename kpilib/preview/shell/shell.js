"use strict";
// One selection, one stream of events; a new page is loaded behind the old one and takes its place scrolled alike.
const form = document.getElementById("choices");
const state = document.getElementById("state");
const failure = document.getElementById("failure");
const NAMES = ["partner", "quarter", "language", "audience", "kind"];
let events = null;
let version = 0;
let seen = "";

function query() {
  const values = new URLSearchParams();
  for (const name of NAMES) values.set(name, form.elements[name].value);
  return values.toString();
}

function say(text, kind) {
  state.value = text;
  state.dataset.state = kind;
}

function place() {
  const shown = document.querySelector("iframe.shown").contentWindow;
  return [shown.scrollX, shown.scrollY];
}

function load(asked) {
  const shown = document.querySelector("iframe.shown");
  const next = document.querySelector("iframe:not(.shown)");
  const mine = ++version;
  next.onload = () => {
    if (mine !== version) return;
    // Another partner is another page; the same one keeps the place.
    const kept = sessionStorage.getItem("place " + asked);
    const [x, y] = seen === asked ? place() : kept ? JSON.parse(kept) : [0, 0];
    next.contentWindow.scrollTo(x, y);
    next.contentWindow.addEventListener("scroll", () => sessionStorage.setItem("place " + asked, JSON.stringify(place())));
    seen = asked;
    for (const frame of [next, shown]) {
      frame.classList.toggle("shown", frame === next);
      frame.toggleAttribute("aria-hidden", frame !== next);
      frame.tabIndex = frame === next ? 0 : -1;
    }
    document.title = (next.contentDocument.title || "kpilib") + " · preview";
    document.body.dataset.shown = String(Number(document.body.dataset.shown || 0) + 1);
  };
  next.src = "page?" + asked + "&v=" + mine;
}

function show(event, asked) {
  if (event.state === "making") return say("is made…", "making");
  failure.hidden = event.state !== "failed";
  if (event.state === "failed") {
    failure.querySelector("h1").textContent = event.message;
    failure.querySelector(".source").textContent = event.source;
    failure.querySelector(".traceback").textContent = event.traceback;
    return say(event.cell ? "cell " + event.cell + " failed" : "failed", "failed");
  }
  say("made in " + event.seconds.toFixed(2) + " s (" + (event.steps.join(", ") || "nothing new") + ")", "ready");
  load(asked);
}

function listen() {
  const asked = query();
  history.replaceState(null, "", "?" + asked);
  if (events) events.close();
  events = new EventSource("events?" + asked);
  events.onmessage = (message) => show(JSON.parse(message.data), asked);
  events.onerror = () => say("kpilib preview has ended", "failed");
}

async function begin() {
  const choices = await (await fetch("options")).json();
  const fill = (name, rows) => rows.forEach(([value, text]) => form.elements[name].add(new Option(text, value)));
  fill("partner", choices.partners.map(([id, name]) => [id, id + " · " + name]));
  fill("language", choices.languages.map((code) => [code, code]));
  const asked = new URLSearchParams(location.search);
  for (const name of NAMES) {
    const field = form.elements[name];
    const value = asked.get(name) ?? choices.start[name];
    if (field.options && ![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
    field.value = value;
  }
  form.addEventListener("change", listen);
  form.addEventListener("submit", (event) => event.preventDefault());
  listen();
}

begin();
