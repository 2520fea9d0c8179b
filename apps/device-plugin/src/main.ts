import { keepProcessSmall, runService } from '@sriov/runtime';
import { originalArguments } from './original-arguments.ts';
import { service } from './service.ts';

keepProcessSmall();
process.argv.splice(2, Infinity, ...originalArguments(process.argv.slice(2)));
await runService(service);
