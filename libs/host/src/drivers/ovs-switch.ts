import { faultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { isOvsControl, OVS_FOLDER } from '../kernel/ovs-sockets.ts';
import { readBootId } from './boot.ts';

/**
 * Why ovs-vswitchd carries out nothing: a sentence without a full stop; nothing when it answers. It is asked for its
 * version at its control socket, as `ovs-appctl version` asks (lib/unixctl.c). The lock `ovs_vswitchd` of the database
 * would tell it as well, but whoever asks for it has it for a moment, and an ovs-vswitchd that comes back in that moment
 * takes down all its bridges (vswitchd/bridge.c, bridge_run).
 */
export async function findSwitchFault(kernel: Kernel): Promise<string | undefined> {
  const controls = await askControls(kernel);
  if (controls.some(({ fault }) => fault === undefined)) return undefined;
  return controls[0]?.fault ?? `${OVS_FOLDER} has no control socket ovs-vswitchd.*.ctl`;
}

/**
 * Tells the ovs-vswitchd that runs from those before and after it; nothing when none does. It is made of the names of
 * the control sockets that answer, which have the process id, and of the boot of the host.
 * @throws {KernelError}
 */
export async function identifySwitch(kernel: Kernel): Promise<string | undefined> {
  const running = (await askControls(kernel)).flatMap(({ name, fault }) => (fault === undefined ? [name] : []));
  return running.length === 0 ? undefined : [await readBootId(kernel), ...running.sort()].join('/');
}

interface Control {
  readonly name: string;
  /** Why it does not answer: a sentence without a full stop. */
  readonly fault: string | undefined;
}

async function askControls(kernel: Kernel): Promise<Control[]> {
  const controls = (await listControls(kernel)).filter(isOvsControl);
  return Promise.all(
    controls.map(async (name) => ({ name, fault: await askControl(kernel, `${OVS_FOLDER}/${name}`) })),
  );
}

async function listControls(kernel: Kernel): Promise<string[]> {
  try {
    return await kernel.list(OVS_FOLDER);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** A socket that a killed ovs-vswitchd has left behind refuses connections. */
async function askControl(kernel: Kernel, socket: string): Promise<string | undefined> {
  try {
    await kernel.callJson({ socket, method: 'version' }, []);
    return undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ECONNREFUSED')) return `nobody listens at ${socket} (${error.code})`;
    return faultOfHost(error);
  }
}
