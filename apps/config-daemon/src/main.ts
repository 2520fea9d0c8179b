import { keepHeapSmall, runService } from '@sriov/runtime';
import { service } from './service.ts';

keepHeapSmall();
await runService(service);
