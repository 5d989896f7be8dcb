// What the theme leaves open. No dependency, no network.
"use strict";
(() => {
  // From the files themselves a page may not read another one: search shows titles without extracts.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // A box that scrolls sideways can be reached by keyboard, one that fits is not in the way.
  const boxes = ".math-scroll, .attn-table, .attn-figure, span.math";
  function reach() {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.matches("span.math")) {
        box.classList.remove("wide");
        const math = box.firstElementChild, room = box.closest("p, li, dd, td, th, summary, h1, h2, h3, figcaption, a");
        if (math && room && math.getBoundingClientRect().width > room.clientWidth) box.classList.add("wide");
        else { box.removeAttribute("tabindex"); continue; }
      }
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }
  let waiting = 0;
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => requestAnimationFrame(reach), 150);
  }
  addEventListener("resize", soon);
  addEventListener("load", () => { soon(); document.fonts?.ready.then(soon); });
  document.addEventListener("toggle", soon, true);

  // A fold that holds the target of a link opens; all open on paper.
  function unfold() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("article details:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of closed) fold.open = false; });
})();
