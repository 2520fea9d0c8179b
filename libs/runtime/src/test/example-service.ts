// A service that the specs run as a process: node --import tsx example-service.ts.
import { z } from 'zod';
import { ServiceError } from '../service-error.ts';
import { runService, serviceSettings } from '../service.ts';

await runService({
  program: 'pump',
  summary: 'moves water',
  schema: z.object({
    ...serviceSettings,
    rate: z.number().int().min(1).default(5).describe('Litres a second'),
    behave: z.enum(['well', 'fail', 'break', 'leak', 'hang']).default('well').describe('How it ends'),
  }),
  async run({ settings, health, log, signal, clock }) {
    let isPrimed = false;
    health.addReadiness('pump', () => isPrimed || 'is not primed');
    clock.setTimer(3_600_000, () => undefined);
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    switch (settings.behave) {
      case 'fail':
        throw new ServiceError('NO_WATER', 'there is no water in the well');
      case 'break':
        throw new TypeError('undefined is not a pump');
      case 'leak':
        void Promise.reject(new Error('nobody waits for this'));
        break;
      case 'hang':
        await new Promise(() => undefined);
        break;
      case 'well':
        break;
    }
    process.once('SIGUSR2', () => {
      isPrimed = true;
      log.info('primed');
    });
    await stopped;
  },
});
