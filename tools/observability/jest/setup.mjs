// promtool, before the specs that need it: building that can take minutes, which no test may.
import { tsImport } from 'tsx/esm/api';

export default async function setup() {
  const { resolvePromtool } = await tsImport('../src/promtool.ts', import.meta.url);
  await resolvePromtool({ onProgress: (line) => console.log(line) });
}
