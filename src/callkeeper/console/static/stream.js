// One stream for all pages of a browser tells when something has moved or comes due. What it tells,
// each page hears as an event of its document.
"use strict";
(() => {
  const RETRY_MS = 10_000;
  const KEPT = 200;
  const part = document.querySelector("[data-live]")?.dataset.live.split("/")[0];
  const own = document.getElementById("alert")?.dataset.vdns.split(" ") ?? [];
  const mine = [...own, ...(part ? [part] : [])];
  if (!mine.length || !window.EventSource) return;
  const vdns = new Set(mine);
  const numbers = {};
  const channel = window.BroadcastChannel && navigator.locks ? new BroadcastChannel("callkeeper") : null;
  let source, isLost, isOut;

  const hear = (kind, told) => {
    isLost = kind === "lost";
    isOut ||= kind === "out";
    if (isOut) source?.close();
    if (kind === "pulse") Object.assign(numbers, told);
    document.dispatchEvent(new CustomEvent("told", { detail: { kind, told, isOut } }));
  };

  const tell = (kind, told = {}) => {
    channel?.postMessage({ kind, told });
    hear(kind, told);
  };
  document.addEventListener("signed-out", () => tell("out"));

  // A call is announced once in a browser, whatever page connects when.
  const isNew = ({ key }) => {
    let said = [];
    try {
      said = JSON.parse(localStorage.getItem("callkeeper-said") ?? "[]");
      localStorage.setItem("callkeeper-said", JSON.stringify([...said, key].slice(-KEPT)));
    } catch {} // a browser that keeps nothing says it again
    return !said.includes(key);
  };

  const connect = () => {
    source?.close();
    if (isOut) return;
    source = new EventSource(`/console/changes?${[...vdns].map((each) => `vdn=${each}`).join("&")}`);
    for (const kind of ["pulse", "alive", "lost", "out", "due"])
      source.addEventListener(kind, ({ data }) => {
        const told = JSON.parse(data);
        if (kind !== "due" || isNew(told)) tell(kind, told);
      });
    source.onerror = async () => {
      tell("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(connect, RETRY_MS);
      const answer = await fetch("/console/help", { headers: { "x-by-itself": "1" } }).catch(() => null);
      if (answer?.redirected) tell("out");
    };
  };

  // One page of a browser has the stream; when it is closed, another one takes over.
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.kind) return hear(data.kind, data.told);
      if (data.asks) return channel.postMessage({ vdns: mine });
      if (!source) return;
      const before = vdns.size;
      for (const each of data.vdns) vdns.add(each);
      if (vdns.size > before) connect();
      else channel.postMessage(isLost ? { kind: "lost", told: {} } : { kind: "pulse", told: numbers });
    };
    channel.postMessage({ vdns: mine });
    navigator.locks.request("callkeeper-stream", () => {
      channel.postMessage({ asks: true });
      connect();
      return new Promise(() => {});
    });
  } else {
    const look = () => (document.hidden ? source?.close() : connect());
    document.addEventListener("visibilitychange", look);
    look();
  }
})();
