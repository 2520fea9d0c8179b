// Runs in the guest: makes and settles the VFs of two PFs by the same writes that the daemon comes to, and nothing
// else, as fast as they can be done: the measure of what the daemon takes. Prints {"ms": N}.
import { HostKernel } from '@sriov/host';
import { PFS } from '../pfs.ts';

const kernel = new HostKernel({ hostRoot: '/' });
const MTU = '9000';
const VFIO_VFS = 4;
const VFS = 7;

async function ip(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await kernel.exec('ip', ['link', 'set', 'dev', ...args]);
  if (exitCode !== 0) throw new Error(`ip link set ${args.join(' ')}: ${stderr}`);
}

function setMtu(name: string): Promise<void> {
  return ip(name, 'mtu', MTU);
}

async function settleVf(pf: { name: string; folder: string }, id: number): Promise<void> {
  const address = (await kernel.readlink(`${pf.folder}/virtfn${id}`)).replace('../', '');
  const device = `/sys/bus/pci/devices/${address}`;
  await ip(pf.name, 'vf', `${id}`, 'mac', `02:00:00:00:00:0${id}`);
  const driver = id < VFIO_VFS ? 'vfio-pci' : 'igbvf';
  await kernel.write(`${device}/driver_override`, driver);
  await kernel.write('/sys/bus/pci/drivers_probe', address);
  if (driver === 'vfio-pci') return;
  await kernel.write(`${device}/driver_override`, '\n');
  const [link = ''] = await kernel.list(`${device}/net`);
  await setMtu(link);
}

async function makeVfs(name: string, folder: string): Promise<void> {
  await kernel.write(`${folder}/sriov_drivers_autoprobe`, '0');
  await setMtu(name);
  await kernel.write(`${folder}/sriov_numvfs`, `${VFS}`);
}

/** The ports reset for MTU and VFs: one at a time, or they lose their carriers twice. */
let turn = Promise.resolve();

async function settlePf(name: string, address: string): Promise<void> {
  const folder = `/sys/bus/pci/devices/${address}`;
  turn = turn.then(() => makeVfs(name, folder));
  await turn;
  await Promise.all(Array.from({ length: VFS }, (_, id) => settleVf({ name, folder }, id)));
  await kernel.write(`${folder}/sriov_drivers_autoprobe`, '1');
}

const begin = Date.now();
await Promise.all(Object.entries(PFS).map(([name, address]) => settlePf(name, address)));
process.stdout.write(`${JSON.stringify({ ms: Date.now() - begin })}\n`);
