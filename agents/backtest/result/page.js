"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("data").textContent);
  const narrow = matchMedia("(max-width: 800px)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const coloured = (value, style) => {
    if (typeof value === "string") return value[0] === "@" ? style.getPropertyValue("--" + value.slice(1)).trim() : value;
    if (Array.isArray(value)) return value.map((each) => coloured(each, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, style)]));
  };

  const layoutOf = (chart) => {
    const axis = {gridcolor: "@grid", zerolinecolor: "@rule", linecolor: "@rule", automargin: true, hoverformat: ""};
    const layout = {
      height: chart.height, autosize: true, showlegend: false, hovermode: "closest",
      margin: {l: narrow.matches ? 8 : 56, r: 12, t: 12, b: 36},
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: {color: "@text", size: narrow.matches ? 11 : 12, family: "inherit"},
      legend: {orientation: "h", x: 0, y: 1, yanchor: "bottom", traceorder: "normal"},
      hoverlabel: {bgcolor: "@card", bordercolor: "@rule", font: {color: "@text"}},
      bargap: 0.35, ...chart.layout,
    };
    for (const name of Object.keys(layout).filter((each) => /^[xy]axis/.test(each))) {
      layout[name] = {...axis, ...layout[name]};
      if (narrow.matches) layout[name].title = undefined;
    }
    return layout;
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const config = {responsive: true, displaylogo: false, displayModeBar: false};
    return Promise.all(charts.filter((chart) => chart.traces.length).map((chart) =>
      Plotly.react(chart.id, coloured(chart.traces, style), coloured(layoutOf(chart), style), config)));
  };

  const drawn = () => draw().then(() => { document.documentElement.dataset.drawn = "true"; });
  dark.addEventListener("change", drawn);
  narrow.addEventListener("change", drawn);
  drawn();
})();
