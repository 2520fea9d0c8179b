// Starts the control plane that the specs of a project share, and tells them of it in environment variables, which the
// worker processes of Jest inherit. Read them with `testControlPlane()` of libs/testing. A project says what it needs
// beside the API server in its jest.config.cjs: `globals: { controllerManager: true }` or `{ serviceAccounts: true }`.
import { tsImport } from 'tsx/esm/api';

export default async function setup(_globalConfig, { globals }) {
  const { startControlPlane } = await tsImport('../src/index.ts', import.meta.url);
  const plane = await startControlPlane({
    controllerManager: globals.controllerManager === true,
    serviceAccounts: globals.serviceAccounts === true,
    onProgress: (line) => console.log(`control plane: ${line}`),
  });
  globalThis.__CONTROL_PLANE__ = plane;
  process.env.KUBECONFIG = plane.kubeconfigPath;
  process.env.SRIOV_TEST_CONTROL_PLANE = JSON.stringify({
    kubeconfigPath: plane.kubeconfigPath,
    version: plane.version,
    access: plane.access,
  });
}
