export { corpus, type Input, type Sample, sampleOf } from './corpus.ts';
export { type Parser, survives } from './survives.ts';
