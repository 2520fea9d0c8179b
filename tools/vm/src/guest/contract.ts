// Runs in the guest: tries every case of the contract on the kernel that is there, and prints a line of JSON for each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '@sriov/errors';
import { HostKernel } from '@sriov/host';
import { CONTRACT, type Lab, tryCase } from '@sriov/kernel-contract';

const PODS = '/var/lib/kubelet/pods';

const kernel = new HostKernel({ hostRoot: '/' });

/** A program opens the VF as a virtual machine monitor would, and says so; it ends when its input does. */
async function holdVfio(address: string): Promise<() => Promise<void>> {
  const child = spawn('perl', ['/host/programs/hold-vfio.pl', address], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => [`exit code ${code}`]),
  ])) as [string];
  if (line !== 'holding') throw new Error(`cannot hold ${address}: ${line}`);
  return async () => {
    const exit = once(child, 'exit');
    child.stdin.end();
    await exit;
  };
}

/** No kubelet runs here: this makes the folder that it would make, and removes it. */
async function runPod(): Promise<() => Promise<void>> {
  await mkdir(PODS, { recursive: true });
  const folder = await mkdtemp(join(PODS, 'pod-'));
  return () => rmdir(folder);
}

const lab: Lab = {
  pf: {
    address: process.argv[2] ?? '',
    driver: 'igb',
    name: process.argv[3] ?? '',
    totalVfs: 7,
    vfDriver: 'igbvf',
    vfIds: '8086 10ca',
    maxMtu: 9216,
  },
  holdVfio,
  runPod,
};

// A call that has not come back keeps no process running, and here nothing else does. `process.exit` ends it below.
setInterval(() => undefined, 60_000);
for (const contractCase of CONTRACT) {
  const start = Date.now();
  const failure = await tryCase(contractCase, kernel, lab).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  const line = { name: contractCase.name, ms: Date.now() - start, ...(failure !== undefined && { failure }) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
// A write that is still blocked in the kernel would keep the process.
process.exit();
