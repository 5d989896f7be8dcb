// What the theme leaves open. No dependency, no network.
"use strict";
(() => {
  // From the files themselves a page may not read another one: search shows titles without extracts.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // A box that scrolls sideways can be reached by keyboard, one that fits is not in the way. Boxes are measured while
  // the browser has nothing better to do.
  const boxes = [...document.querySelectorAll(".math-scroll, .attn-table, .attn-figure, article span.math")];
  const idle = window.requestIdleCallback ?? ((work) => setTimeout(() => work({ timeRemaining: () => 10 }), 1));
  function reach(box) {
    if (box.matches("span.math")) {
      box.classList.remove("wide");
      const room = box.closest("p, li, dd, td, th, summary, h1, h2, h3, figcaption");
      if (room && box.getBoundingClientRect().width > room.clientWidth) box.classList.add("wide");
      else return box.removeAttribute("tabindex");
    }
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
  let left = [];
  function work(deadline) {
    do reach(left.pop()); while (left.length && deadline.timeRemaining() > 2);
    if (left.length) idle(work);
    else document.documentElement.dataset.measured = "all";
  }
  function measure() {
    if (!left.length && boxes.length) idle(work);
    left = [...boxes].reverse();
  }
  let waiting = 0;
  function soon() {
    delete document.documentElement.dataset.measured;
    clearTimeout(waiting);
    waiting = setTimeout(measure, 150);
  }
  addEventListener("resize", soon);
  document.addEventListener("toggle", soon, true);
  measure();

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
