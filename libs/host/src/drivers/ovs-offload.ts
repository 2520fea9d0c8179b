import { omitUndefined } from '@sriov/api';
import { z } from 'zod';
import { type Kernel } from '../kernel/kernel.ts';
import { identifySwitch } from './ovs-switch.ts';
import { OVSDB_VALUE, readRow, transact } from './ovsdb.ts';
import { mapOf, mutate, select } from './ovsdb-operations.ts';

/** The key of `other_config` by which Open vSwitch hands traffic rules to NICs. */
const OFFLOAD = 'hw-offload';

/** The key of `external_ids` that says for which ovs-vswitchd the operator has set {@link OFFLOAD}. */
export const OVS_OFFLOAD_SET_FOR = 'sriov-hw-offload-set';

const switchRow = z.object({ other_config: OVSDB_VALUE.map, external_ids: OVSDB_VALUE.map });

/** The setting as the database has it. */
export interface OffloadSetting {
  /** Absent where nobody has set it, which counts as `false`. */
  readonly value?: string;
  /** The operator has set it while the ovs-vswitchd ran that runs now. */
  readonly awaitsRestart?: true;
}

/** Reads whether Open vSwitch hands traffic rules to NICs. @throws {KernelError} {@link OvsdbError} */
export async function readOvsOffload(kernel: Kernel): Promise<OffloadSetting> {
  const [[row = {}] = []] = await transact(kernel, [select('Open_vSwitch', ['other_config', 'external_ids'])]);
  const { other_config: config, external_ids: ids } = readRow(switchRow, row);
  const setFor = ids[OVS_OFFLOAD_SET_FOR];
  const awaitsRestart = setFor !== undefined && setFor === (await identifySwitch(kernel));
  return omitUndefined({ value: config[OFFLOAD], awaitsRestart: awaitsRestart ? (true as const) : undefined });
}

/**
 * Has Open vSwitch hand traffic rules to NICs, unless somebody has set the key meanwhile: an insertion does not replace
 * a key. ovs-vswitchd 3.1 turns the offload on at once ("Flow API Enabled" in its log), and its manual asks for a
 * restart all the same. The database does not tell when it was started, so who runs now is put down beside the key.
 * @throws {KernelError} {@link OvsdbError}
 */
export async function setOvsOffload(kernel: Kernel): Promise<void> {
  const running = await identifySwitch(kernel);
  await transact(kernel, [
    mutate(
      'Open_vSwitch',
      [],
      [
        ['other_config', 'insert', mapOf({ [OFFLOAD]: 'true' })],
        ['external_ids', 'delete', ['set', [OVS_OFFLOAD_SET_FOR]]],
        ['external_ids', 'insert', mapOf(running === undefined ? {} : { [OVS_OFFLOAD_SET_FOR]: running })],
      ],
    ),
  ]);
}
