import { keepHeapSmall, runService } from '@sriov/runtime';
import { bootService } from './boot-service/service.ts';
import { service } from './service.ts';

keepHeapSmall();
const [command, ...rest] = process.argv.slice(2);

// Units of the host call it so, those of upstream among them.
if (command === 'service') await runService(bootService, rest);
else await runService(service);
