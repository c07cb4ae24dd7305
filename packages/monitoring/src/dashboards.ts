/** Pages as Grafana's dashboards, by Grafana's own builders (schema version of the Foundation SDK); a data source is chosen on each page. */
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as FigureBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

import type { Page, Panel } from "./panels.ts";

const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
/** Grafana's grid is 24 wide. */
const SPAN = { lines: 12, figure: 6 } as const;
const HEIGHT = { lines: 8, figure: 4 } as const;

/** The page as Grafana imports it. */
export function dashboardOf({ name, title, variables, panels }: Page): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(`seam-${name}`)
    .tags(["seam"])
    .time({ from: "now-30m", to: "now" })
    .refresh("5s")
    .timezone("browser")
    .withVariable(
      new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"),
    );
  for (const { label, metric } of variables)
    dashboard.withVariable(
      new QueryVariableBuilder(label)
        .datasource(DATASOURCE)
        .query(`label_values(${metric}, ${label})`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue(".*"),
    );
  for (const panel of panels) dashboard.withPanel(panelOf(panel));
  return dashboard.build();
}

function panelOf({
  title,
  description,
  unit,
  shape,
  queries,
}: Panel): LinesBuilder | FigureBuilder {
  const panel = (shape === "lines" ? new LinesBuilder().min(0) : new FigureBuilder())
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(DATASOURCE)
    .span(SPAN[shape])
    .height(HEIGHT[shape]);
  for (const [index, { expression, legend }] of queries.entries())
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCodePoint(0x41 + index))
        .expr(expression)
        .legendFormat(legend),
    );
  return panel;
}
