// Starts the control plane that the specs of a project share, and tells them of it in an environment variable, which
// the worker processes of Jest inherit. Read it with `testControlPlane()` of libs/testing.
import { tsImport } from 'tsx/esm/api';

export default async function setup(_globalConfig, projectConfig) {
  const { startControlPlane } = await tsImport('../src/index.ts', import.meta.url);
  const plane = await startControlPlane({
    controllerManager: projectConfig.globals.controllerManager === true,
    onProgress: (line) => console.log(`control plane: ${line}`),
  });
  globalThis.__CONTROL_PLANE__ = plane;
  process.env.SRIOV_TEST_CONTROL_PLANE = JSON.stringify({
    kubeconfigPath: plane.kubeconfigPath,
    version: plane.version,
    access: plane.access,
  });
}
