export { EXIT, run } from './run.ts';
export { type Streams, type TextSink } from './streams.ts';
