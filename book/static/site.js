// What the theme leaves open. No dependency, no network.
"use strict";
(() => {
  // From the files themselves a page may not read another one: search shows titles without extracts.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // A box that scrolls sideways can be reached by keyboard, one that fits is not in the way. Boxes are measured when
  // they come near the screen, so that a long page is not laid out twice while it loads.
  const boxes = document.querySelectorAll(".math-scroll, .attn-table, .attn-figure, article span.math");
  function reach(box) {
    if (box.matches("span.math")) {
      box.classList.remove("wide");
      const room = box.closest("p, li, dd, td, th, summary, h1, h2, h3, figcaption");
      const wide = room && box.getBoundingClientRect().width > room.clientWidth;
      box.classList.toggle("wide", Boolean(wide));
    }
    if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) reach(entry.target);
  }, { rootMargin: "50%" });
  function watch() {
    for (const box of boxes) { near.unobserve(box); near.observe(box); }
  }
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(watch, 150); });
  watch();

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
