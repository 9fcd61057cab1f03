"use strict";
// The chart and the tables' sorting. All that the chart shows comes from the JSON in #data.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const chart = document.getElementById("chart");
  const quantity = document.getElementById("quantity");
  const seed = document.getElementById("seed");
  const log = document.getElementById("log");
  const boxes = [...document.querySelectorAll("#runs-shown input")];
  const narrow = window.matchMedia("(max-width: 40rem)");
  const coarse = window.matchMedia("(pointer: coarse)");  // no hovering, so the toolbar would cover the plot
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const longest = Math.max(1, ...data.runs.flatMap((run) => Object.values(run.curves).map((of) => of.median.length)));
  const order = new Map(data.runs.map((run, place) => [run.name, place]));
  const scales = {};  // which quantities are logarithmic

  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const onDark = { "#000000": "#ffffff", "#882255": "#a98bf0", "#0072B2": "#4c9fe0" };  // the others do on both
  const printed = document.documentElement.dataset;  // .print: the page is being printed, dark on white
  const pen = (run) => (dark.matches && !printed.print && onDark[run.colour]) || run.colour;

  function transparent(hex, share) {
    const [red, green, blue] = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
    return `rgba(${red}, ${green}, ${blue}, ${share})`;
  }

  function line(run, values, extra) {
    return {
      type: "scatter", mode: "lines", name: escaped(run.label), x: values.map((_, index) => index + 1), y: values,
      line: { color: pen(run), width: 2, dash: run.dash },
      hovertemplate: "%{y:.4~g}<extra>%{fullData.name}</extra>", ...extra,
    };
  }

  function bands(run) {
    const curves = run.curves[quantity.value];
    if (!curves?.low || seed.value !== "band") return [];
    const there = [...curves.low.keys()].filter((index) => curves.low[index] !== null);
    const back = [...there].reverse();
    return [{
      type: "scatter", mode: "lines", name: escaped(run.label), hoverinfo: "skip",
      x: [...there, ...back].map((index) => index + 1),
      y: [...there.map((index) => curves.high[index]), ...back.map((index) => curves.low[index])],
      fill: "toself", fillcolor: transparent(pen(run), colour("--band")), line: { width: 0 },
    }];
  }

  function lines(run) {
    const curves = run.curves[quantity.value];
    if (!curves) return [];
    if (["band", "median"].includes(seed.value)) return [line(run, curves.median)];
    const one = curves.seeds[run.seeds.indexOf(Number(seed.value))];
    return one ? [line(run, one)] : [];
  }

  function others(run) {
    return run.others.filter((other) => other.curves[quantity.value]).map((other) => line(
      run, other.curves[quantity.value], {
        x: other.epochs, name: escaped(other.name), mode: "lines+markers", line: { color: colour("--ink"), width: 1 },
        marker: { size: 7, color: pen(run), line: { color: colour("--ink"), width: 1 } },
      },
    ));
  }

  function layout() {
    const axis = { gridcolor: colour("--line"), zeroline: false, linecolor: colour("--line"), automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink"), size: 13 },
      width: printed.print ? 680 : undefined, height: printed.print ? 415 : undefined, autosize: !printed.print,
      margin: { l: 60, r: 15, t: 15, b: 45 }, hovermode: narrow.matches ? "closest" : "x", showlegend: false,
      hoverlabel: { bgcolor: colour("--raised"), font: { color: colour("--ink") } },
      xaxis: { ...axis, title: { text: "epoch" }, range: [1 - 0.005 * longest, Math.max(2, longest * 1.01)] },
      yaxis: {
        ...axis, title: { text: escaped(quantity.selectedOptions[0].textContent) }, type: log.checked ? "log" : "linear",
        tickformat: quantity.value.includes("accuracy") ? ".2f" : "~g",
      },
    };
  }

  function draw() {
    const shown = boxes.filter((box) => box.checked).map((box) => data.runs[Number(box.value)]);
    const layers = shown.length > Number(chart.dataset.mostBands) ? [lines, others] : [bands, lines, others];
    for (const box of boxes) {
      const run = data.runs[Number(box.value)];
      const swatch = box.nextElementSibling.firstElementChild;
      swatch.style.stroke = pen(run);
      swatch.style.strokeDasharray = run.dash === "solid" ? "none" : run.dash.replaceAll(",", " ");
    }
    const what = quantity.selectedOptions[0].textContent;
    chart.setAttribute("aria-label", `Line chart: ${what} by epoch of ${shown.length} of ${data.runs.length} runs`);
    const options = {
      responsive: true, displaylogo: false, showSendToCloud: false, displayModeBar: coarse.matches ? false : "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d"],
    };
    Plotly.react(chart, layers.flatMap((of) => shown.flatMap(of)), layout(), options);
  }

  function show(wanted) {
    for (const box of boxes) box.checked = wanted(box);
    draw();
  }

  function sort(header) {
    const row = header.parentElement;
    const place = [...row.children].indexOf(header);
    const falling = header.getAttribute("aria-sort") === "ascending";
    for (const other of row.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const body = header.closest("table").tBodies[0];
    const value = (tr) => tr.children[place].dataset.value;
    const compared = (one, other) => {
      const places = [one, other].map((text) => order.get(text));
      const numbers = places.includes(undefined) ? [one, other].map(Number) : places;
      if (one === "" || other === "") return (one === "") - (other === "");  // what is missing comes last
      const difference = numbers.some(Number.isNaN) ? one.localeCompare(other) : numbers[0] - numbers[1];
      return falling ? -difference : difference;
    };
    body.append(...[...body.rows].sort((one, other) => compared(value(one), value(other))));
  }

  quantity.addEventListener("change", () => {
    log.checked = scales[quantity.value] ?? quantity.value === "learning_rate";
    draw();
  });
  log.addEventListener("change", () => { scales[quantity.value] = log.checked; draw(); });
  for (const control of [seed, ...boxes]) control.addEventListener("change", draw);
  document.getElementById("show-all").addEventListener("click", () => show(() => true));
  document.getElementById("show-none").addEventListener("click", () => show(() => false));
  for (const button of document.querySelectorAll("button.family")) {
    button.addEventListener("click", () => show((box) => box.dataset.family === button.value));
  }
  for (const header of document.querySelectorAll("table.sortable thead th")) {
    header.querySelector("button").addEventListener("click", () => sort(header));
  }
  window.addEventListener("beforeprint", () => { printed.print = "yes"; draw(); });
  window.addEventListener("afterprint", () => { delete printed.print; draw(); });
  for (const media of [dark, narrow]) media.addEventListener("change", draw);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  draw();
})();
