import { faultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { isOvsControl, OVS_FOLDER } from '../kernel/ovs-sockets.ts';

/**
 * Why ovs-vswitchd carries out nothing: a sentence without a full stop; nothing when it answers. It is asked for its
 * version at its control socket, as `ovs-appctl version` asks (lib/unixctl.c). The lock `ovs_vswitchd` of the database
 * would tell it as well, but whoever asks for it has it for a moment, and an ovs-vswitchd that comes back in that moment
 * takes down all its bridges (vswitchd/bridge.c, bridge_run).
 */
export async function findSwitchFault(kernel: Kernel): Promise<string | undefined> {
  const controls = (await listControls(kernel)).filter(isOvsControl);
  const faults = await Promise.all(controls.map((name) => askControl(kernel, `${OVS_FOLDER}/${name}`)));
  if (faults.includes(undefined)) return undefined;
  const [fault = `${OVS_FOLDER} has no control socket ovs-vswitchd.*.ctl`] = faults;
  return fault;
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
