import { type MachineState } from '../state.ts';
import { type Machine } from './machine.ts';

/** mlx5_core brings mlx5_ib with it, and that ib_core (`mlx5_core.rdma` in drivers/infiniband/hw/mlx5/main.c). */
export function isRdmaCoreLoaded({ state: { modules } }: Machine): boolean {
  return ['ib_core', 'mlx5_core'].some((module) => modules.includes(module));
}

/** The kernel starts as shared (`ib_devices_shared_netns` of drivers/infiniband/core/device.c). */
export function rdmaMode({ state }: Machine): NonNullable<MachineState['rdmaMode']> {
  return state.rdmaMode ?? 'shared';
}

/** Whether there is any network namespace but the host's: ib_core counts them all (`rdma_dev_init_net`). */
export function hasNamespaces({ state }: Machine): boolean {
  const isElsewhere = Object.values(state.links).some(({ namespace }) => namespace !== undefined);
  return isElsewhere || (state.namespaces ?? []).length > 0;
}
