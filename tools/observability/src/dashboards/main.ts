// Writes the dashboards into the chart.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART_FOLDER } from '@sriov/chart';
import { dashboardFile } from './build.ts';
import { FLEET } from './fleet.ts';
import { NODE } from './node.ts';

const folder = join(CHART_FOLDER, 'files/dashboards');

mkdirSync(folder, { recursive: true });
for (const spec of [FLEET, NODE]) writeFileSync(join(folder, `${spec.uid}.json`), dashboardFile(spec));
