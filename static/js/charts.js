// Charts: every <figure data-chart-src> fetches a Plotly figure and is drawn in the theme's colours.
// The figure names colours as CSS variables, "var(--series-1)"; they are looked up here, at drawing.

const VARIABLE = /^var\((--[\w-]+)\)$/;
const CONFIG = {
  displayModeBar: false,
  responsive: true,
  showSendToCloud: false,
  plotlyServerURL: "",
};
// What was fetched, by figure, so that a change of theme draws again without asking the server.
const drawn = new Map();

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function coloured(value) {
  if (typeof value === "string") {
    const match = VARIABLE.exec(value);
    return match ? token(match[1]) : value;
  }
  if (Array.isArray(value)) return value.map(coloured);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, coloured(part)]));
  }
  return value;
}

const AXIS = {
  gridcolor: "var(--border)",
  linecolor: "var(--border-strong)",
  zerolinecolor: "var(--border-strong)",
  automargin: true,
  fixedrange: true,
};
const LAYOUT = {
  autosize: true,
  paper_bgcolor: "transparent",
  plot_bgcolor: "transparent",
  font: { family: "Inter, system-ui, sans-serif", size: 12, color: "var(--text-2)" },
  colorway: [1, 2, 3, 4, 5, 6].map((n) => `var(--series-${n})`),
  margin: { l: 8, r: 8, t: 8, b: 8 },
  bargap: 0.25,
  hovermode: "x unified",
  hoverlabel: {
    bgcolor: "var(--surface)",
    bordercolor: "var(--border-strong)",
    font: { color: "var(--text)", family: "Inter, system-ui, sans-serif", size: 12 },
  },
  legend: { orientation: "h", x: 0, y: -0.12, yanchor: "top", font: { color: "var(--text-2)" } },
};

// Our defaults beneath, the figure's own words above. Plotly.py's template is left
// out: its colours are for a white page.
function merged(base, own) {
  const result = { ...base };
  for (const [key, value] of Object.entries(own ?? {})) {
    if (key === "template") continue;
    const isPlain = value && typeof value === "object" && !Array.isArray(value);
    result[key] = isPlain && base?.[key] ? merged(base[key], value) : value;
  }
  return result;
}

function layoutOf(figure) {
  const axes = { xaxis: { ...AXIS, showgrid: false }, yaxis: { ...AXIS, rangemode: "tozero" } };
  return coloured(merged({ ...LAYOUT, ...axes }, figure.layout));
}

function plotOf(element) {
  return element.querySelector(".chart-plot");
}

async function draw(element) {
  const figure = drawn.get(element);
  const box = plotOf(element);
  if (!figure || !box.isConnected) return;
  await Plotly.react(box, coloured(figure.data), layoutOf(figure), CONFIG);
  element.dataset.chartState = "drawn";
}

function fail(element) {
  element.dataset.chartState = "failed";
  const note = document.createElement("p");
  note.className = "hint";
  note.textContent = "The chart could not be loaded. The table below holds the same figures.";
  plotOf(element).replaceWith(note);
  element.querySelector("details")?.setAttribute("open", "");
}

async function load(element) {
  element.dataset.chartState = "loading";
  try {
    // The browser's cache keeps the ETag and asks with it.
    const answer = await fetch(element.dataset.chartSrc, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    drawn.set(element, await answer.json());
    await draw(element);
  } catch {
    fail(element);
  }
}

function start(within) {
  const figures = within.querySelectorAll?.("figure[data-chart-src]:not([data-chart-state])") ?? [];
  for (const element of figures) load(element);
  if (within.matches?.("figure[data-chart-src]:not([data-chart-state])")) load(within);
}

function purge() {
  for (const element of drawn.keys()) {
    if (element.isConnected) continue;
    const box = plotOf(element);
    if (box) Plotly.purge(box);
    drawn.delete(element);
  }
}

async function savePicture(element) {
  const name = element.dataset.chartName || "chart";
  const box = plotOf(element);
  const size = { width: box.clientWidth, height: box.clientHeight, scale: 2 };
  await Plotly.downloadImage(box, { format: "png", filename: name, ...size });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-chart-png]");
  const element = button?.closest("figure[data-chart-src]");
  if (element && drawn.has(element)) savePicture(element);
});

document.addEventListener("themechange", () => drawn.forEach((_, element) => draw(element)));
document.addEventListener("htmx:afterSettle", (event) => {
  purge();
  start(event.target);
});

// Plotly writes the colours into the drawing, so paper needs it drawn in the light ones.
addEventListener("beforeprint", () => drawn.forEach((_, element) => draw(element)));
addEventListener("afterprint", () => drawn.forEach((_, element) => draw(element)));

start(document);
