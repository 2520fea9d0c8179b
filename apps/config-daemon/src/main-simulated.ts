import { runService } from '@sriov/runtime';
import { simulatedService } from './simulated/service.ts';

await runService(simulatedService);
