// Attention maps that answer the reader; attn_course/attention_map.py writes the element and the still that this adds to.
// A classic script without dependency or network, so that it works from a file. One element knows nothing of the others.
"use strict";
(() => {
  // As in attention_map.py.
  const CELL = 22, FONT = 13, GAP = 6, SHRUNK = 0.77, SHADES = 25, COLOUR = "#0065a3";

  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "path", "g", "text"].includes(tag);
    const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const say = (text, words) => text.replace(/\{(\w+)\}/g, (all, name) => words[name] ?? all);
  const linked = (item, row) => item.links.filter((link) => link[0] === row).map((link) => link[1]);

  // The heat map: `_picture` in Python.
  function draw(item, head, { labels, limit }) {
    const [left, top, right] = item.room, rows = item.target.length, columns = item.source.length;
    const width = left + columns * CELL + right, height = top + rows * CELL + 2;
    const square = (row, column) => `M${left + column * CELL} ${top + row * CELL}h${CELL}v${CELL}h-${CELL}z`;
    const shades = new Map();
    item.weights[head].forEach((weights, row) => weights.forEach((weight, column) => {
      const shade = Math.floor(SHADES * Math.min(1, weight / 1000 / limit) + 0.5);
      if (shade) shades.set(shade, (shades.get(shade) ?? "") + square(row, column));
    }));
    const cells = [...shades].sort((one, other) => one[0] - other[0]).map(([shade, path]) =>
      make("path", { d: path, fill: COLOUR, "fill-opacity": (shade / SHADES).toFixed(2) }));
    const sources = item.source.map((token, column) => make("text",
      { transform: `translate(${left + column * CELL + CELL / 2 + 4} ${top - GAP})rotate(-45)` }, token));
    const targets = item.target.map((token, row) => make("text", { x: left - GAP, y: top + row * CELL + 16 }, token));
    const titles = make("g", { "font-weight": 600 }, make("text", { x: left, y: FONT }, `${labels.source} →`),
      make("text", { x: left - GAP, y: top - GAP, "text-anchor": "end" }, `${labels.target} ↓`));
    return make("svg", {
      role: "img", viewBox: `0 0 ${width} ${height}`,
      style: `width:${width}px;min-width:${Math.ceil(SHRUNK * width)}px;max-width:100%`,
      "font-size": FONT, fill: "currentColor",
    }, ...cells, titles, make("g", { class: "map-source" }, ...sources),
    make("g", { class: "map-target", "text-anchor": "end" }, ...targets),
    make("path", { d: `M${left} ${top}h${columns * CELL}v${rows * CELL}h-${columns * CELL}z`,
      fill: "none", stroke: "currentColor", "stroke-opacity": "0.4" }),
    make("path", { d: item.links.map((link) => square(...link)).join(""),
      fill: "none", stroke: "currentColor", "stroke-width": "2" }));
  }

  // The table: `_table` in Python.
  function tabulate(item, head, words) {
    const names = ["target", "strongest", "weight", ...(item.linked ? ["link"] : [])];
    const lines = item.weights[head].map((weights, row) => {
      const top = Math.max(...weights);
      const gold = linked(item, row).map((column) => item.source[column]).join(", ");
      const cells = [top ? item.source[weights.indexOf(top)] : words.nothing, (top / 1000).toFixed(3), gold];
      return make("tr", {}, make("th", { scope: "row" }, item.target[row]),
        ...cells.slice(0, names.length - 1).map((cell) => make("td", {}, cell)));
    });
    return make("table", {},
      make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, words[name])))),
      make("tbody", {}, ...lines));
  }

  class AttentionMap extends HTMLElement {
    connectedCallback() {
      if (this.data) return;
      if (document.readyState === "loading") {
        document.addEventListener("readystatechange", () => this.connectedCallback(), { once: true });
        return;
      }
      this.data = JSON.parse(this.querySelector("script").textContent);
      const { labels, examples, heads } = this.data;
      this.chosen = { example: 0, head: 0, row: 0 };
      this.body = this.querySelector(".map-body");
      this.box = this.querySelector(".map-box");
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", this.box.firstChild.getAttribute("aria-label"));
      this.caption(this.box.firstChild);

      const controls = make("div", { class: "map-controls" });
      if (examples.length > 1) {
        const step = (name, sign, by) => {
          const button = make("button", { type: "button", "aria-label": labels[name], title: labels[name] }, sign);
          button.addEventListener("click", () => this.choose({
            example: (this.chosen.example + by + examples.length) % examples.length, row: 0 }));
          return button;
        };
        controls.append(make("div", {}, this.menu("example", examples.map((item) => item.name)),
          step("previous", "‹", -1), step("next", "›", 1)));
      }
      if (heads.length > 1) controls.append(make("div", {}, this.menu("head", heads)));
      if (controls.firstChild) this.prepend(controls);

      this.note = this.querySelector(".map-note") ?? make("p", { class: "map-note" });
      this.body.before(this.note);
      this.targets = make("div", { class: "map-tokens", role: "listbox", "aria-orientation": "horizontal",
        "aria-label": `${labels.target}: ${labels.hint}` });
      this.sources = make("div", { class: "map-tokens map-weights" });
      const heading = (name, ...more) => make("p", { class: "map-heading", "aria-hidden": "true" }, labels[name], ...more);
      this.body.append(make("div", { class: "map-reading" },
        heading("target", make("small", {}, labels.hint)), this.targets, heading("source"), this.sources));
      this.summary = make("p", { class: "map-summary" });
      this.body.after(this.summary);

      this.targets.addEventListener("keydown", (event) => this.key(event));
      const over = (event) => {
        const picture = this.box.firstChild, item = this.item;
        const { top, height } = picture.getBoundingClientRect();
        const units = item.room[1] + item.target.length * CELL + 2;
        const row = Math.floor(((event.clientY - top) / height * units - item.room[1]) / CELL);
        return row >= 0 && row < item.target.length ? row : null;
      };
      const option = (event) => {
        const index = [...this.targets.children].indexOf(event.target.closest("[role=option]"));
        return index < 0 ? null : index;
      };
      for (const [place, find] of [[this.box, over], [this.targets, option]]) {
        // A finger that scrolls points at nothing.
        place.addEventListener("pointermove", (event) => {
          if (event.pointerType !== "touch") this.point(find(event) ?? this.chosen.row);
        });
        place.addEventListener("pointerleave", () => this.point(this.chosen.row));
        place.addEventListener("click", (event) => {
          const row = find(event);
          if (row !== null) this.select(row);
        });
      }
      if (window.ResizeObserver) new ResizeObserver(() => this.reach()).observe(this.box);
      this.refill();
      // Only what changes from here on is read aloud.
      this.summary.setAttribute("aria-live", "polite");
    }

    get item() { return this.data.examples[this.chosen.example]; }

    menu(name, options) {
      const select = make("select", {}, ...options.map((text, index) => make("option", { value: index }, text)));
      select.addEventListener("change", () =>
        this.choose({ [name]: select.selectedIndex, row: name === "head" ? this.chosen.row : 0 }));
      this.menus = { ...this.menus, [name]: select };
      return make("label", {}, make("span", {}, this.data.labels[name]), select);
    }

    // Another example or head.
    choose(change) {
      Object.assign(this.chosen, change);
      for (const [name, select] of Object.entries(this.menus)) select.selectedIndex = this.chosen[name];
      this.box.replaceChildren(this.caption(draw(this.item, this.chosen.head, this.data)));
      this.querySelector(".attn-table").replaceChildren(tabulate(this.item, this.chosen.head, this.data.labels));
      this.refill();
    }

    // What the picture shows now; the alternative that the page gave it names the whole.
    caption(picture) {
      const { labels, heads } = this.data;
      picture.setAttribute("aria-label", say(labels.picture, { ...this.item, head: heads[this.chosen.head] }));
      return picture;
    }

    // The tokens of the example, each target token an option.
    refill() {
      const item = this.item;
      this.note.textContent = item.note;
      this.note.hidden = !item.note;
      this.targets.replaceChildren(...item.target.map((token) => make("span", { role: "option" }, token)));
      this.sources.replaceChildren(...item.source.map((token) =>
        make("span", {}, make("b", {}, token), make("small", {}))));
      this.band = make("path", { class: "map-band" });
      this.box.firstChild.lastChild.before(this.band);
      this.reach();
      this.select(this.chosen.row, false);
    }

    key(event) {
      const last = this.item.target.length - 1, row = this.chosen.row;
      const next = { ArrowRight: row + 1, ArrowDown: row + 1, ArrowLeft: row - 1, ArrowUp: row - 1, Home: 0, End: last }[event.key];
      if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.select(Math.min(Math.max(next, 0), last));
    }

    select(row, focus = true) {
      this.chosen.row = row;
      [...this.targets.children].forEach((option, index) => {
        option.setAttribute("aria-selected", index === row);
        option.tabIndex = index === row ? 0 : -1;
      });
      if (focus) this.targets.children[row].focus({ preventScroll: !this.targets.contains(document.activeElement) });
      this.point(row);
    }

    // Show the weights of a row without choosing it.
    point(row) {
      if (this.pointed === row && this.band.hasAttribute("d")) return;
      this.pointed = row;
      const { labels, limit } = this.data, item = this.item, weights = item.weights[this.chosen.head][row];
      const gold = linked(item, row), [left, top] = item.room;
      this.band.setAttribute("d", `M0 ${top + row * CELL}h${left + item.source.length * CELL}m0 ${CELL}h-${left + item.source.length * CELL}`);
      [...this.targets.children].forEach((option, index) => option.classList.toggle("map-on", index === row));
      [...this.sources.children].forEach((token, column) => {
        token.lastChild.textContent = (weights[column] / 1000).toFixed(2);
        token.style.setProperty("--weight", Math.min(1, weights[column] / 1000 / limit));
        token.classList.toggle("map-gold", gold.includes(column));
      });
      const name = (columns) => columns.map((column) => item.source[column]).join(", ");
      const strong = weights.map((weight, column) => column).sort((one, other) => weights[other] - weights[one])
        .slice(0, 3).filter((column, place) => weights[column] >= (place ? 50 : 1));
      const sources = strong.map((column) => `${item.source[column]} (${(weights[column] / 1000).toFixed(2)})`).join(", ");
      let text = say(labels.summary, { target: item.target[row], sources: sources || labels.nothing });
      if (item.linked) text += `; ${say(labels.gold, { sources: name(gold) || "–" })}`;
      this.summary.textContent = text;
    }

    // A box that scrolls sideways can be reached by keyboard.
    reach() {
      if (this.box.scrollWidth > this.box.clientWidth + 1) this.box.tabIndex = 0;
      else this.box.removeAttribute("tabindex");
    }
  }

  if (!customElements.get("attention-map")) customElements.define("attention-map", AttentionMap);
})();
