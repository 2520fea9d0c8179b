// promtool and helm, before the specs that need them: building them can take minutes, which no test may.
import { tsImport } from 'tsx/esm/api';

export default async function setup() {
  const onProgress = (line) => console.log(line);
  const { resolvePromtool } = await tsImport('../src/promtool.ts', import.meta.url);
  await resolvePromtool({ onProgress });
  const { resolveHelm } = await tsImport('../../chart/src/index.ts', import.meta.url);
  await resolveHelm({ onProgress });
}
