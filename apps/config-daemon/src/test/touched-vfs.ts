import { type SimulatedKernel } from '@sriov/host-sim';

/**
 * Follows what is done to VFs, and returns those that were touched although a pod could have been given them at that
 * moment: what was done, and to which VF.
 */
export function watchTouchedVfs(kernel: SimulatedKernel): readonly string[] {
  const wrong: string[] = [];
  const note = (deed: string, isTouched: (address: string) => boolean): void => {
    const { allocatable, held } = kernel.plugin;
    const given = allocatable.filter((address) => !held.includes(address));
    wrong.push(...given.filter(isTouched).map((address) => `${deed}: ${address}`));
  };
  const write = kernel.write.bind(kernel);
  const exec = kernel.exec.bind(kernel);
  kernel.write = (path, value, options) => {
    note(`write ${value} ${path}`, (address) => isWrittenTo(kernel, { path, value }, address));
    return write(path, value, options);
  };
  kernel.exec = (command, args, options) => {
    // One process can do what many lines of its input say.
    const lines = options?.input?.trim().split('\n') ?? [args.join(' ')];
    for (const words of lines.map((line) => line.split(' ')).filter((each) => !each.includes('show'))) {
      note([command, ...words].join(' '), (address) => isNamed(kernel, words, address));
    }
    return exec(command, args, options);
  };
  return wrong;
}

function isWrittenTo(
  { state }: SimulatedKernel,
  { path, value }: { readonly path: string; readonly value: string },
  address: string,
): boolean {
  const { pf = '' } = state.devices[address]?.vf ?? {};
  return path.includes(address) || value.includes(address) || path.endsWith(`${pf}/sriov_numvfs`);
}

/** `ip link set dev ens1v0 mtu 9000`, `ip link set dev ens1 vf 0 mac ...`. */
function isNamed({ state }: SimulatedKernel, args: readonly string[], address: string): boolean {
  const own = Object.keys(state.links).find((name) => state.links[name]?.device === address);
  if (own !== undefined && args.includes(own)) return true;
  const { pf, index } = state.devices[address]?.vf ?? {};
  const uplink = Object.keys(state.links).find((name) => state.links[name]?.device === pf);
  return uplink !== undefined && args.includes(uplink) && args[args.indexOf('vf') + 1] === `${index}`;
}
