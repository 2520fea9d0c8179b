import { setFlagsFromString } from 'node:v8';
import { runService } from '@sriov/runtime';
import { service } from './service.ts';

// Most of what the process holds are caches that hardly change. A heap that grows with care takes 91 MB where the
// default takes 136, at 500 nodes with 8 PFs of 16 VFs (docs/benchmarks.md). NODE_OPTIONS does not take this flag.
setFlagsFromString('--optimize-for-size');

await runService(service);
