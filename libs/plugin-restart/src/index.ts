export * from './advance.ts';
export * from './describe-restart.ts';
export * from './end-pass.ts';
export * from './plugin-record.ts';
export * from './renamed-resources.ts';
export * from './restart-table.ts';
export * from './unsettled-pfs.ts';
export * from './vf-changes.ts';
