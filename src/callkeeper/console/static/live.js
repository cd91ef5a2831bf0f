// When something has moved, as the stream tells, a page asks for its parts anew. What is typed,
// ticked, open or focused stays.
"use strict";
(() => {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (!parts.length || !window.Idiomorph || !window.EventSource) return;
  const LOST_MS = 40_000; // the server says every 15 s that it lives
  const ANYWAY_MS = 60_000;
  const IDLE_MS = 5_000;
  const SPOKEN_MS = 10_000;
  const FIELDS = "[data-live] :is([type=radio], [type=time])";
  const [first] = parts;
  const { live: name, from } = first.dataset;
  const state = document.getElementById("live-state");
  const pause = document.getElementById("live-pause");
  const spoken = document.getElementById("live-counts");
  let latest = first.dataset.pulse;
  const typed = new Map();
  let shownAt = Date.now();
  let waits, how, heard = Date.now(), pressed = 0, isPaused, isOut, isAsking, asksAgain;

  const say = (now) => {
    how = isOut ? "out" : now;
    const shown = isPaused && how === "on" ? "paused" : how;
    for (const each of state.children) each.hidden = each.dataset.says !== shown;
    for (const each of parts) each.classList.toggle("stale", how !== "on");
  };

  const counts = () =>
    [...document.querySelectorAll("[data-count]")].map((each) => each.textContent.trim().replace(/\s+/g, " "));

  // Whoever does not see the counts hears which have changed, and seldom enough to hear anything else.
  let said = counts(), speaks;
  const speak = () => {
    const now = counts();
    const news = now.filter((each) => !said.includes(each));
    if (speaks || isPaused || !news.length) return;
    spoken.textContent = news.join(", ");
    said = now;
    speaks = setTimeout(() => {
      speaks = null;
      speak();
    }, SPOKEN_MS);
  };

  // Rows would move under a hand that is on them.
  const isUnder = (list) =>
    list.matches(":hover") || (list.contains(document.activeElement) && Date.now() - pressed < IDLE_MS);

  // Keep the order of a list, with what is new in its rows; return whether that is all there is.
  const hold = (list, twin, fresh) => {
    const rows = [...list.children].map((row) => fresh.getElementById(row.id) ?? row.cloneNode(true));
    const isAll = rows.length === twin.children.length && rows.every((row, at) => row === twin.children[at]);
    if (!isAll) twin.replaceChildren(...rows);
    return isAll;
  };

  // What somebody chose in a part is theirs, also where its field was gone for a while.
  const restore = () => {
    for (const field of document.querySelectorAll(FIELDS)) {
      const value = typed.get(field.name);
      if (value === undefined) continue;
      if (field.type === "radio") field.checked = field.value === value;
      else if (field.value !== value) field.value = value;
    }
  };

  // A field that somebody has changed stays as it is; any other goes by what is new.
  const DEFAULTS = { checked: "defaultChecked", value: "defaultValue" };
  const isChosen = ({ options, selectedIndex }) =>
    selectedIndex !== Math.max(0, [...options].findIndex((each) => each.defaultSelected));
  const beforeAttributeUpdated = (name, field) => {
    if (name === "selected") return !isChosen(field.closest("select"));
    const given = field[DEFAULTS[name]];
    return given === undefined || field[name] === given;
  };

  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const focused = document.activeElement.id;
    clearTimeout(waits);
    waits = null;
    for (const list of document.querySelectorAll("[data-rows]")) {
      if (!isUnder(list)) continue;
      const twin = fresh.getElementById(list.id);
      if (!twin || !hold(list, twin, fresh)) waits ??= setTimeout(refresh, IDLE_MS);
      if (!twin) return;
    }
    shownAt = Date.now();
    for (const part of parts) {
      const its = fresh.getElementById(part.id);
      if (!its || "still" in its.dataset) continue;
      for (const each of part.querySelectorAll("details[open][id]"))
        fresh.getElementById(each.id)?.setAttribute("open", "");
      Idiomorph.morph(part, [...its.childNodes], { morphStyle: "innerHTML", callbacks: { beforeAttributeUpdated } });
    }
    restore();
    first.dataset.pulse = fresh.getElementById(first.id)?.dataset.pulse ?? latest;
    speak();
    if (document.activeElement === document.body && focused)
      document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const refresh = async () => {
    asksAgain = isAsking;
    if (isPaused || isOut || isAsking) return;
    isAsking = true;
    try {
      const answer = await fetch(from, { headers: { "x-by-itself": latest } });
      if (answer.redirected) document.dispatchEvent(new Event("signed-out"));
      else if (answer.ok) show(await answer.text());
      else say("lost");
    } catch {
      say("lost");
    }
    isAsking = false;
    if (asksAgain) refresh();
  };

  document.addEventListener("told", ({ detail: { kind, told, isOut: isOver } }) => {
    heard = Date.now();
    isOut = isOver;
    say(kind === "lost" ? kind : "on");
    if (kind !== "pulse" || !told[name]) return;
    latest = told[name];
    if (latest !== first.dataset.pulse) setTimeout(refresh, 300 * Math.random());
  });

  document.addEventListener("input", ({ target }) => target.matches(FIELDS) && typed.set(target.name, target.value));

  // A call that goes on is counted on from what it came to when it was shown.
  const two = (count) => String(Math.floor(count)).padStart(2, "0");
  setInterval(() => {
    for (const each of document.querySelectorAll("[data-ticks]")) {
      const seconds = (Number(each.dataset.ticks) + Date.now() - shownAt) / 1000;
      each.textContent = `${two(seconds / 60)}:${two(seconds % 60)}`;
    }
  }, 1_000);

  document.addEventListener("keydown", () => (pressed = Date.now()));
  document.addEventListener("pointerover", ({ target }) => waits && !target.closest("[data-rows]") && refresh());
  setInterval(refresh, ANYWAY_MS);
  setInterval(() => Date.now() - heard > LOST_MS && say("lost"), IDLE_MS);
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", isPaused);
    say(how);
    refresh();
  });
})();
