import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyProgram } from './copy-programs.ts';
import { type GuestTools } from './guest-tools.ts';

const PROGRAMS = ['ovsdb-server', 'ovsdb-tool', 'ovs-vsctl', 'ovs-vswitchd'];

/** Lays out the programs of Open vSwitch with their libraries, and the schema of its database, for a guest to run. */
export async function layOutOvs(folder: string, packages: GuestTools): Promise<void> {
  for (const name of PROGRAMS) {
    await copyProgram(folder, packages, { from: packages.find(name), to: `/bin/${name}` });
  }
  await copyFile(packages.path('usr/share/openvswitch/vswitch.ovsschema'), join(folder, 'vswitch.ovsschema'));
}
