// Make of a part of a page what its twin is. An element that both have stays the same one, with the
// focus, and with what is typed, ticked or opened in it.
"use strict";
window.morph = (() => {
  const nameOf = (node) => node.getAttribute?.("id");
  const isLike = (one, other) => one.nodeName === other.nodeName && nameOf(one) === nameOf(other);
  const sizes = (nodes) => nodes.map((node) => 1 + (node.querySelectorAll?.("*").length ?? 0));

  // Of two rows of nodes those that are alike, in order: the most that can be, with what they hold.
  const pairs = (olds, news) => {
    const most = [...olds, 0].map(() => new Uint32Array(news.length + 1));
    const [old, now] = [sizes(olds), sizes(news)];
    const both = (i, j) => isLike(olds[i], news[j]) && Math.min(old[i], now[j]) + most[i + 1][j + 1];
    for (let i = olds.length; i--; )
      for (let j = news.length; j--; ) most[i][j] = Math.max(both(i, j), most[i + 1][j], most[i][j + 1]);
    const found = new Map();
    for (let i = 0, j = 0; i < olds.length && j < news.length; )
      if (both(i, j) === most[i][j]) found.set(news[j++], olds[i++]);
      else if (most[i + 1][j] === most[i][j]) i++;
      else j++;
    return found;
  };

  const become = (old, node) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== node.data) old.data = node.data;
      return;
    }
    for (const { name } of [...old.attributes])
      if (name !== "open" && !node.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of node.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    morph(old, node);
  };

  const morph = (part, twin) => {
    const olds = [...part.childNodes];
    const news = [...twin.childNodes];
    const kept = pairs(olds, news);
    const left = new Set(olds);
    for (const old of kept.values()) left.delete(old);
    for (const old of left) old.remove();
    let at = part.firstChild;
    for (const node of news) {
      // What has a name stays the same even where it has moved.
      const old = kept.get(node) ?? (nameOf(node) && [...left].find((each) => isLike(each, node)));
      if (old === at && old) at = at.nextSibling;
      else part.insertBefore(old || node, at);
      if (old) become(old, node);
    }
  };
  return morph;
})();
