// A call that comes due is announced: in words, in the title and the icon, by a sound, and by a
// notification where those are allowed.
"use strict";
(() => {
  const ALONE_MS = 3_000; // so long no other page of the browser does the same
  const region = document.getElementById("alert");
  const words = region.dataset;
  const link = document.querySelector("link[rel=icon]");
  const { title } = document;
  const icon = link.href;
  const test = document.getElementById("alert-test");
  let audio;

  // Browsers let a page be heard only after a hand has touched it.
  const wake = () => {
    if (navigator.userActivation?.hasBeenActive ?? true) audio ??= new AudioContext();
  };
  if (words.sound && window.AudioContext)
    for (const each of ["click", "keydown"]) document.addEventListener(each, wake, true);

  const sound = async () => {
    await audio.resume(); // one that was just made has not begun
    for (const [at, tone] of [[0, 660], [0.25, 880]]) {
      const begin = audio.currentTime + at;
      const voice = new OscillatorNode(audio, { frequency: tone });
      const volume = new GainNode(audio, { gain: 0.2 });
      volume.gain.setTargetAtTime(0, begin + 0.1, 0.05);
      voice.connect(volume).connect(audio.destination);
      voice.start(begin);
      voice.stop(begin + 0.4);
    }
  };

  const alone = (name, act) => {
    if (!navigator.locks) return act();
    navigator.locks.request(`callkeeper-${name}`, { ifAvailable: true }, (lock) => {
      if (!lock) return;
      act();
      return new Promise((over) => setTimeout(over, ALONE_MS));
    });
  };

  const notify = (says, key) => {
    try {
      new Notification(says, { tag: key, icon: words.icon }).onclick = () => window.focus();
    } catch {} // some browsers have it for installed programs alone
  };

  const close = (line) => {
    line.remove();
    if (region.children.length) return;
    document.title = title;
    link.href = icon;
  };

  const announce = ({ key, says, opens }) => {
    const line = document.createElement("p");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.close;
    button.addEventListener("click", () => close(line));
    line.append(says, " ");
    if (opens) {
      const leads = document.createElement("a");
      leads.href = opens;
      leads.textContent = words.open;
      line.append(leads, " ");
    }
    line.append(button);
    region.append(line);
    document.title = `${says} · ${title}`;
    link.href = words.icon;
    if (audio) alone("sound", sound);
    if (window.Notification?.permission === "granted") alone(`notice-${key}`, () => notify(says, key));
  };

  document.addEventListener("told", ({ detail: { kind, told } }) => kind === "due" && announce(told));

  if (!test) return;
  test.hidden = false;
  test.querySelector("button").addEventListener("click", async () => {
    const may = await window.Notification?.requestPermission();
    test.querySelector("[data-denied]").hidden = may === "granted";
    announce({ key: `test-${Date.now()}`, says: test.dataset.says });
  });
})();
