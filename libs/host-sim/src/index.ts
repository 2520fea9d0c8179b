export { type SimClock } from './machine/machine.ts';
export { type SimulatedPlugin } from './plugin/simulated-plugin.ts';
export * from './simulated-kernel.ts';
export * from './state-file.ts';
export { type MachineState } from './state.ts';
export { type Users } from './users.ts';
export { type Fault, loadWorld, parseWorld, type World, WorldError } from './world.ts';
