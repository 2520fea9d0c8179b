export { gather, type Memory } from './gather.ts';
export { InFlight } from './in-flight.ts';
export { service } from './service.ts';
export { syncAnswer } from './sync-answer.ts';
