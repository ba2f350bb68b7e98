"use strict";
// Reads the numbers beside the pictures: a card for the cell under the pointer, slices of further axes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const card = document.getElementById("card");
  const figures = [...document.querySelectorAll("figure.live")];
  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = 254, FAILED = 3, NOT_RUN = 0;

  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const floats = text => text === null ? null : new Float32Array(bytes(text).buffer);
  for (const o of data.outputs) { o.value = floats(o.value); o.error = floats(o.error); }
  for (const c of data.curves) { c.value = floats(c.value); c.error = floats(c.error); }
  const state = bytes(data.state);
  const palettes = Object.fromEntries(Object.entries(data.palettes).map(([name, text]) => [name, bytes(text)]));
  const shape = data.axes.map(a => a.values.length);
  const flat = shape.length === 1;
  const horizontal = shape.length - 1, vertical = shape.length - 2;

  const slice = shape.map(() => 0); // place along each axis; the last two follow the pointer
  let here = null, kept = null; // {cell: places, figure: number}

  const index = cell => cell.reduce((sum, place, i) => sum * shape[i] + place, 0);

  // ---- numbers as the rest of the page writes them
  const minus = text => text.replace(/-/g, "\u2212");
  const raised = n => String(n).replace(/./g, c => c === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[c]);
  function number(v, digits = 4) {
    if (Number.isNaN(v)) return "\u2014";
    if (!Number.isFinite(v)) return v > 0 ? "\u221e" : "\u2212\u221e";
    const size = Math.abs(v);
    if (v === 0 || (size >= 1e-4 && size < 1e5)) return minus(String(Number(v.toPrecision(digits))));
    const [mantissa, exponent] = v.toExponential(digits - 1).split("e");
    const front = String(Number(mantissa)), power = "10" + raised(Number(exponent));
    return minus(front === "1" || front === "-1" ? front.slice(0, -1) + power : front + "\u00b7" + power);
  }
  function withError(v, e) {
    if (e === null || !Number.isFinite(e) || !Number.isFinite(v)) return number(v);
    const size = Math.max(Math.abs(v), e);
    if (e === 0) return number(v) + " \u00b1 0";
    if (e < 1e-7 * size) return number(v, 8) + " \u00b1 " + number(e, 1);
    if (e >= 1e-4 && size < 1e5) return rounded(v, e);
    const exponent = Math.floor(Math.log10(size)), power = 10 ** exponent;
    return `(${rounded(v / power, e / power)})\u00b710${raised(exponent)}`;
  }
  function rounded(v, e) {
    const digits = Math.min(12, 1 - Math.floor(Math.log10(e))), unit = 10 ** -digits;
    return [v, e].map(n => minus((Math.round(n / unit) * unit).toFixed(Math.max(0, digits)))).join(" \u00b1 ");
  }

  // ---- small makers
  function element(name, attributes = {}, text = null) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    return made;
  }
  function drawn(name, attributes = {}, text = null) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    return made;
  }

  // ---- pictures
  const place = (scale, v) => ((scale.log ? Math.log10(v) : v) - scale.low) / (scale.high - scale.low);
  function pixels(axis) {
    const n = axis.values.length;
    if (axis.even) return axis.values.map((_, i) => i);
    return Array.from({length: 400}, (_, k) => cellAt(axis, (k + 0.5) / 400));
  }
  function cellAt(axis, at) {
    let low = 0, high = axis.values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (axis.edges[middle] <= at) low = middle; else high = middle - 1;
    }
    return low;
  }
  const canvas = document.createElement("canvas");
  function picture(output, cell) {
    const columns = pixels(data.axes[horizontal]), rows = pixels(data.axes[vertical]).reverse();
    canvas.width = columns.length;
    canvas.height = rows.length;
    const context = canvas.getContext("2d"), image = context.createImageData(columns.length, rows.length);
    const palette = palettes[output.scale.palette], at = [...cell];
    let k = 0;
    for (const row of rows) {
      at[vertical] = row;
      at[horizontal] = 0;
      const start = index(at);
      for (const column of columns) {
        const v = output.value[start + column];
        if (!Number.isNaN(v)) {
          const level = Math.min(LEVELS - 1, Math.floor(Math.min(1, Math.max(0, place(output.scale, v))) * LEVELS));
          image.data.set(palette.subarray(3 * level, 3 * level + 3), k);
          image.data[k + 3] = 255;
        } else if (state[start + column] === FAILED) {
          image.data.set(data.failed_colour, k);
          image.data[k + 3] = 255;
        }
        k += 4;
      }
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }
  function marks(wanted, frame, cross) {
    const x = data.axes[horizontal], y = data.axes[vertical], at = [...slice];
    const narrow = axis => Math.min(...axis.edges.slice(1).map((e, i) => e - axis.edges[i]));
    const s = Math.min(5, Math.max(1, 0.3 * Math.min(frame[2] * narrow(x), frame[3] * narrow(y))));
    let path = "";
    for (let i = 0; i < shape[vertical]; i++) for (let j = 0; j < shape[horizontal]; j++) {
      at[vertical] = i; at[horizontal] = j;
      if (state[index(at)] !== wanted) continue;
      const a = frame[0] + x.places[j] * frame[2], b = frame[1] + (1 - y.places[i]) * frame[3];
      path += cross ? `M${a - s} ${b - s}l${2 * s} ${2 * s}m0 ${-2 * s}l${-2 * s} ${2 * s}` : `M${a} ${b}h0`;
    }
    return path;
  }
  const frameOf = figure => figure.querySelector(".plot").dataset.frame.split(" ").map(Number);

  function redraw(changed) {
    const strip = shape.length - 3;
    figures.forEach(figure => {
      const output = data.outputs[figure.dataset.output], frame = frameOf(figure);
      figure.querySelector(".cells").setAttribute("href", picture(output, slice));
      figure.querySelector(".crosses").setAttribute("d", marks(FAILED, frame, true));
      figure.querySelector(".dots").setAttribute("d", marks(2, frame, false));
      for (const button of figure.querySelectorAll(".slices button")) {
        const i = Number(button.dataset.slice);
        button.setAttribute("aria-pressed", String(i === slice[strip]));
        if (changed !== strip) {
          const cell = [...slice];
          cell[strip] = i;
          button.querySelector("image").setAttribute("href", picture(output, cell));
        }
      }
    });
    for (const input of document.querySelectorAll(".selectors input")) {
      const axis = Number(input.dataset.axis), text = data.axes[axis].values[slice[axis]];
      input.value = slice[axis];
      input.setAttribute("aria-valuetext", text);
      input.nextElementSibling.textContent = text;
    }
    here = null;
    if (kept) kept.cell = [...slice.slice(0, vertical), ...kept.cell.slice(-2)];
    show();
  }
  function choose(axis, value) {
    slice[axis] = value;
    redraw(axis);
  }

  // ---- the card
  function curve(c, cell, before) {
    const [left, right, top, bottom] = [40, 252, 8, 118];
    const x = c.points.map(p => left + p * (right - left));
    const y = v => top + (1 - Math.min(1.02, Math.max(-0.02, place(c.scale, v)))) * (bottom - top);
    const svg = drawn("svg", {viewBox: "0 0 262 150", role: "img", "aria-label": c.title});
    svg.append(drawn("path", {class: "tick", d: c.ticks.map(([p]) => `M${left + p * (right - left)} ${bottom}v3`).join("") + c.y_ticks.map(([p]) => `M${left} ${top + (1 - p) * (bottom - top)}h-3`).join("")}));
    let last = -99;
    for (const [p, text] of c.ticks) {
      const at = left + p * (right - left);
      if (at - last < 9 + 6 * text.length) continue;
      svg.append(drawn("text", {class: "num", x: at, y: bottom + 14, "text-anchor": "middle"}, text));
      last = at;
    }
    for (const [p, text] of c.y_ticks) svg.append(drawn("text", {class: "num", x: left - 5, y: top + (1 - p) * (bottom - top) + 4, "text-anchor": "end"}, text));
    svg.append(drawn("text", {class: "num", x: (left + right) / 2, y: bottom + 29, "text-anchor": "middle"}, c.own));
    if (!c.scale.log && c.scale.low < 0 && c.scale.high > 0) svg.append(drawn("path", {class: "zero", d: `M${left} ${y(0)}H${right}`}));
    if (before) svg.append(trace(c, before, x, y, "before"));
    svg.append(trace(c, cell, x, y, "now"), drawn("rect", {class: "box", x: left, y: top, width: right - left, height: bottom - top}));
    return svg;
  }
  function trace(c, cell, x, y, name) {
    const group = drawn("g", {class: name}), n = c.points.length;
    const start = n * cell.reduce((sum, p, i) => sum * c.shape[i] + Math.min(c.shape[i] - 1, Math.round(p / c.steps[i])), 0);
    const known = c.points.map((_, i) => i).filter(i => !Number.isNaN(c.value[start + i]));
    const line = (sign, list) => list.map(i => `${x[i].toFixed(1)} ${y(c.value[start + i] + (sign ? sign * c.error[start + i] : 0)).toFixed(1)}`);
    if (!known.length) return group;
    if (c.error && known.every(i => Number.isFinite(c.error[start + i])))
      group.append(drawn("path", {class: "band", d: "M" + [...line(1, known), ...line(-1, known).reverse()].join("L") + "Z"}));
    group.append(drawn("path", {class: "line", d: "M" + line(0, known).join("L") + (known.length === 1 ? "h0" : "")}));
    if (n <= 16) group.append(drawn("path", {class: "points", d: line(0, known).map(p => `M${p}h0`).join("")}));
    return group;
  }
  function fill(shown) {
    card.replaceChildren();
    const {cell, figure} = shown, at = index(cell), first = Number(figures[figure].dataset.output);
    if (shown === kept) {
      const close = element("button", {type: "button", "aria-label": "Close"}, "\u00d7");
      close.addEventListener("click", release);
      card.append(close);
    }
    const where = element("p", {class: "cell"});
    [...data.axes.keys()].reverse().forEach((i, k) => {
      const a = data.axes[i];
      where.append(k ? ", " : "", `${a.label} = `, element("b", {}, a.values[cell[i]]), a.unit ? ` ${a.unit}` : "");
    });
    card.append(where);
    const other = here && kept && index(kept.cell) !== at ? kept.cell : null;
    if (state[at] === NOT_RUN) {
      card.append(element("p", {class: "other"}, "Not run yet."));
    } else {
      const table = element("table");
      [first, ...data.outputs.keys()].filter((o, i) => i === 0 || o !== first).forEach((o, i) => {
        const output = data.outputs[o], row = element("tr", {class: i ? "" : "first"});
        const value = element("td", {}, withError(output.value[at], output.error && output.error[at]));
        if (other) value.append(element("div", {class: "other"}, withError(output.value[index(other)], output.error && output.error[index(other)])));
        row.append(element("th", {scope: "row"}, output.title), value);
        table.append(row);
      });
      card.append(table);
      const failed = data.failed[at];
      if (failed) card.append(element("p", {class: "message"}, `${failed} failed${data.messages[at] ? ": " + data.messages[at] : "."}`));
      if (state[at] !== FAILED) for (const c of data.curves) card.append(element("h4", {}, c.title + (other ? ", grey: kept cell" : "")), curve(c, cell, other));
    }
  }
  function overlay(figure, shown, name) {
    const svg = figure.querySelector(".plot"), [left, top, width, height] = frameOf(figure);
    const cell = shown.cell, x = data.axes[horizontal], output = data.outputs[figure.dataset.output];
    const group = drawn("g", {class: name}), v = output.value[index(cell)];
    if (flat) {
      const at = left + x.places[cell[0]] * width;
      group.append(drawn("path", {class: "here", d: `M${at} ${top}V${top + height}`}));
      if (!Number.isNaN(v)) group.append(drawn("circle", {class: "reading", cx: at, cy: top + (1 - place(output.scale, v)) * height, r: 4}));
    } else {
      const y = data.axes[vertical], [i, j] = cell.slice(-2);
      const box = {x: left + x.edges[j] * width, y: top + (1 - y.edges[i + 1]) * height, width: (x.edges[j + 1] - x.edges[j]) * width, height: (y.edges[i + 1] - y.edges[i]) * height};
      const grow = Math.max(0, 3.5 - Math.min(box.width, box.height) / 2);
      const ring = {x: box.x - grow, y: box.y - grow, width: box.width + 2 * grow, height: box.height + 2 * grow, rx: 1};
      group.append(drawn("rect", {class: "here-ring", ...ring}), drawn("rect", {class: "here", ...ring}));
      if (name === "hover" || !here) {
        const p = Math.min(1, Math.max(0, place(output.scale, v)));
        if (!Number.isNaN(p)) group.append(drawn("path", {class: "reading", d: `M${left + p * width} 9l-4 -8h8z`}));
      }
    }
    svg.append(group);
  }
  function show() {
    document.querySelectorAll(".plot > .hover, .plot > .kept").forEach(g => g.remove());
    const shown = here || kept;
    card.hidden = !shown;
    card.classList.toggle("kept", shown !== null && shown === kept);
    document.body.classList.toggle("docked", kept !== null);
    if (!shown) return;
    for (const figure of figures) {
      if (kept) overlay(figure, kept, "kept");
      if (here) overlay(figure, here, "hover");
    }
    fill(shown);
    const mark = figures[shown.figure].querySelector(shown === kept ? ".kept .here" : ".hover .here").getBoundingClientRect();
    const wide = innerWidth > 704, gap = 14;
    if (wide) {
      const right = mark.right + gap + card.offsetWidth < innerWidth;
      card.style.left = Math.max(4, right ? mark.right + gap : mark.left - gap - card.offsetWidth) + "px";
      card.style.top = Math.max(4, Math.min(innerHeight - card.offsetHeight - 4, mark.top - 40)) + "px";
    } else if (shown === kept && mark.bottom > innerHeight - card.offsetHeight - 24) {
      scrollBy({top: mark.bottom - (innerHeight - card.offsetHeight - 24)});
    }
  }
  function release() { kept = null; here = null; show(); }

  // ---- pointer, keys, selectors
  function under(figure, event) {
    const svg = figure.querySelector(".plot"), [left, top, width, height] = frameOf(figure);
    const bounds = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / bounds.width;
    const x = ((event.clientX - bounds.left) * scale - left) / width;
    const y = 1 - ((event.clientY - bounds.top) * scale - top) / height;
    if (x < 0 || x > 1 || y < 0 || y > 1) return null;
    const axis = data.axes[horizontal], cell = [...slice];
    cell[horizontal] = cellAt(axis, x);
    if (!flat) cell[vertical] = cellAt(data.axes[vertical], y);
    return {cell, figure: figures.indexOf(figure)};
  }
  const same = (a, b) => a && b && index(a.cell) === index(b.cell);
  for (const figure of figures) {
    const svg = figure.querySelector(".plot");
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("pointermove", event => {
      if (event.pointerType === "touch") return;
      const found = under(figure, event);
      if (same(found, here) && found && found.figure === here.figure) return;
      here = found;
      show();
    });
    svg.addEventListener("pointerleave", () => { if (here) { here = null; show(); } });
    svg.addEventListener("click", event => {
      const found = under(figure, event);
      if (!found) return;
      here = null;
      kept = same(found, kept) ? null : found;
      show();
    });
    svg.addEventListener("keydown", event => {
      const steps = {ArrowLeft: [horizontal, -1], ArrowRight: [horizontal, 1], ArrowDown: [vertical, -1], ArrowUp: [vertical, 1]};
      const [axis, step] = steps[event.key] || [];
      if (event.key === "Enter" && !kept) kept = {cell: [...slice], figure: figures.indexOf(figure)};
      else if (axis === undefined || axis < 0) return;
      else {
        kept = kept || {cell: [...slice], figure: 0};
        kept.figure = figures.indexOf(figure);
        kept.cell[axis] = Math.min(shape[axis] - 1, Math.max(0, kept.cell[axis] + step));
      }
      event.preventDefault();
      here = null;
      show();
    });
    for (const button of figure.querySelectorAll(".slices button"))
      button.addEventListener("click", () => choose(shape.length - 3, Number(button.dataset.slice)));
  }
  for (const input of document.querySelectorAll(".selectors input"))
    input.addEventListener("input", () => choose(Number(input.dataset.axis), Number(input.value)));
  addEventListener("keydown", event => { if (event.key === "Escape") release(); });
  addEventListener("scroll", () => { if (kept && innerWidth > 704) show(); }, {passive: true});
  addEventListener("resize", () => show());
  document.documentElement.classList.remove("static");
})();
