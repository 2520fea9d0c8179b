export * from './admin-request.ts';
export * from './binaries.ts';
export * from './control-plane.ts';
export * from './free-port.ts';
export * from './kubeconfig.ts';
export * from './platform.ts';
export * from './run-command.ts';
export * from './versions.ts';
