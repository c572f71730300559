// The telemetry of the whole fleet, or of one device; and what programs only count.

import { countsPanel } from "./counts.js";
import { h, panel } from "./dom.js";
import { replaceQuery } from "./router.js";
import { deviceField } from "./search.js";
import { Telemetry } from "./telemetry.js";

export async function showTelemetry(view) {
  view.title("Telemetry");
  const device = view.query.get("device") ?? "", telemetry = new Telemetry(view, { device });
  const only = deviceField("Only this device", { value: device });
  only.control.required = false;
  only.control.addEventListener("change", () => {
    replaceQuery({ ...Object.fromEntries(new URLSearchParams(location.hash.split("?")[1])), device: only.control.value.trim() });
    telemetry.show(only.control.value.trim());
  });
  const counts = countsPanel(view);
  view.box.append(
    h("div", { class: "toolbar" }, only.row),
    panel("What devices tell", h("div", { class: "controls" }, telemetry.measures, telemetry.windows), telemetry.box),
    counts.box,
    h("p", { class: "hint" }, "Every record, as CSV, Parquet or JSON lines: ", h("code", {}, "cygnet fleet telemetry export")));
  await Promise.all([telemetry.load(), counts.load()]);
}
