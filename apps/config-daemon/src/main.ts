import { runService } from '@sriov/runtime';
import { service } from './service.ts';

await runService(service);
