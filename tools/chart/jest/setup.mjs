// The control plane that the specs share, and helm before it: building that can take minutes, which no test may.
import { tsImport } from 'tsx/esm/api';
import startControlPlane from '../../control-plane/jest/setup.mjs';

export default async function setup(...config) {
  const { resolveHelm } = await tsImport('../src/index.ts', import.meta.url);
  await resolveHelm({ onProgress: (line) => console.log(line) });
  await startControlPlane(...config);
}
