// The config daemon as it is shipped, but for its kernel, which is that of another process. It answers any message of its
// parent with the longest time that its event loop did not turn since the last one, in ms.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openHost, runControllers, service } from '@sriov/config-daemon';
import { keepHeapSmall, runService } from '@sriov/runtime';
import { RemoteKernel } from '../remote-kernel.ts';

keepHeapSmall();
const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();
process.on('message', () => {
  process.send?.(delays.max / 1e6);
  delays.reset();
});
process.channel?.unref();
await runService({
  ...service,
  run: (context) =>
    runControllers(context, (settings, rest) => ({
      ...openHost(settings, rest),
      kernel: new RemoteKernel(process.env['KERNEL_SOCKET'] ?? ''),
    })),
});
