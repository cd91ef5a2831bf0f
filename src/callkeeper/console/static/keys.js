// Keys, for whoever has not switched them off: in the row that has the focus, and anywhere. They
// act in no field, and do nothing that cannot be undone.
"use strict";
(() => {
  const FIELDS = "textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]";
  const FORWARD = { j: 1, k: -1 };
  let below = null; // where the next digit chooses a sub-result

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // The row with the focus; on a page of one thing, all of that page.
  const row = () => document.activeElement.closest("[data-row]") ?? document.querySelector("[data-row=page]");

  const step = (by) => {
    const rows = all("li[data-row]").filter((each) => each.checkVisibility());
    const at = rows.indexOf(row());
    const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next]?.focus();
    return rows.length > 0;
  };

  const act = (key) => {
    const here = row();
    const wanted = all(`[aria-keyshortcuts="${CSS.escape(key)}"]`).find((each) => {
      const its = each.closest("[data-row]");
      return its === null || its === here;
    });
    wanted?.click();
    return wanted !== undefined;
  };

  const choose = (digit) => {
    const form = document.querySelector("form[data-files]");
    const among = below ?? (form ? all("[data-digit=top]", form) : []);
    const chosen = digit === 0 ? form?.querySelector("[data-digit=none]") : among[digit - 1];
    if (!chosen) return false;
    const under = all("[data-digit=below]", chosen.closest("li") ?? chosen);
    below = below === null && digit > 0 && under.length > 0 ? under : null;
    chosen.click();
    chosen.focus();
    return true;
  };

  const file = () => {
    const form = document.activeElement.closest("form") ?? document.querySelector("form[data-files]");
    if (!form?.matches("[data-files]")) return false;
    form.requestSubmit();
    return true;
  };

  const done = ({ key, ctrlKey, metaKey, altKey }) => {
    if (altKey) return false;
    if (ctrlKey || metaKey) return key === "Enter" && file();
    if (document.activeElement.matches(FIELDS)) return false;
    if (key in FORWARD) return step(FORWARD[key]);
    if (/^[0-9]$/.test(key)) return choose(Number(key));
    if (key === "Enter" && !document.activeElement.matches("li[data-row]")) return false;
    return act(key);
  };

  document.addEventListener("keydown", (pressed) => {
    if (!pressed.defaultPrevented && !pressed.isComposing && done(pressed)) pressed.preventDefault();
  });
})();
