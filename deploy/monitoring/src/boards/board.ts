import {
  DashboardBuilder,
  DashboardCursorSync,
  type Dashboard,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { PROMETHEUS, type PanelOf } from './panel.ts';

/** The matchers of every selector. An `All` is `.*`, which a target without the label matches too. */
export const SCOPE = 'environment=~"$environment", instance=~"$instance"';
export const ENVIRONMENT = 'environment=~"$environment"';

/** Panels beside each other; 24 columns must be divisible by their number. */
export interface Line {
  readonly height: number;
  readonly panels: readonly PanelOf[];
}

export interface BoardFacts {
  readonly uid: `cap-${string}`;
  readonly title: string;
  readonly description: string;
  readonly rows: Readonly<Record<string, readonly Line[]>>;
  readonly variables?: readonly Builder<VariableModel>[];
  readonly time?: { readonly from: string; readonly to: string };
  readonly refresh?: string;
}

const everything = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });

export const dataSource = (name: string, label: string, type: string) =>
  new DatasourceVariableBuilder(name).label(label).type(type);

const VARIABLES = () => [
  dataSource('datasource', 'Prometheus', 'prometheus'),
  everything('environment', 'Environment', 'label_values(cap_build_info, environment)'),
  everything('instance', 'Instance', `label_values(cap_build_info{${ENVIRONMENT}}, instance)`),
];

export function board(facts: BoardFacts, runbooks: string): Dashboard {
  const { uid, title, description, rows, variables = [], time, refresh = '1m' } = facts;
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['cap'])
    .readonly()
    .timezone('utc')
    .time(time ?? { from: 'now-3h', to: 'now' })
    .refresh(refresh)
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([...VARIABLES(), ...variables])
    .links(
      [
        new DashboardLinkBuilder('CAP')
          .type(DashboardLinkType.Dashboards)
          .tags(['cap'])
          .includeVars(true)
          .keepTime(true),
        new DashboardLinkBuilder('Runbooks')
          .type(DashboardLinkType.Link)
          .url(`${runbooks}/README.md`)
          .targetBlank(true),
      ].map(inSight),
    );
  let id = 0;
  for (const [name, lines] of Object.entries(rows)) {
    dashboard.withRow(new RowBuilder(name).id(++id));
    for (const { height, panels } of lines)
      for (const panel of panels)
        dashboard.withPanel(placed(panel(runbooks), { id: ++id, width: 24 / panels.length, height }));
  }
  return dashboard.build();
}

/** The builder's default hides a link in a menu. */
const inSight = (link: DashboardLinkBuilder) => ({
  build() {
    const { placement: _placement, ...visible } = link.build();
    return visible;
  },
});

/** The builder that gives it its place is the panel's own, whose type the SDK's builders share without saying so. */
function placed(builder: Builder<Panel>, { id, width, height }: { id: number; width: number; height: number }) {
  const panel = builder.build();
  return { build: () => ({ ...panel, id, gridPos: { x: 0, y: 0, w: width, h: height } }) };
}
