export { gather, type Memory } from './gather.ts';
export { InFlight } from './in-flight.ts';
export { service } from './service.ts';
export { STARTED_FILE } from './show-started.ts';
export { syncAnswer } from './sync-answer.ts';
