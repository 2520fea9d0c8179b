import { enableUnits, isRunBySystemd, reloadUnits } from '@sriov/host';
import { BOOT_FILES, type BootServiceStep } from '@sriov/node-plan';
import { type BootPorts } from './boot-ports.ts';

/** Everybody may read the units. */
const READABLE = 0o644;

type Kind = BootServiceStep['kind'];
/** Does a step of one kind. */
type Do<K extends Kind> = (ports: BootPorts, step: Extract<BootServiceStep, { kind: K }>) => Promise<void>;

const DO: { readonly [K in Kind]: Do<K> } = {
  'write-boot-result': ({ folder }, { text }) => folder.write(BOOT_FILES.result, text),
  'write-boot-config': ({ folder }, { text }) => folder.write(BOOT_FILES.config, text),
  'install-boot-program': ({ programs }, { name }) => programs.install(name),
  async 'write-boot-units'({ kernel, unitFolder }, { units }) {
    for (const { name, text } of units) await unitFolder.write(name, text, READABLE);
    await reloadUnits(kernel);
  },
  'enable-boot-units': ({ kernel }, { names }) => enableUnits(kernel, names),
  async 'remove-boot-units'({ kernel, unitFolder }, { paths }) {
    for (const path of paths) await unitFolder.remove(path);
    // Where systemd does not run, it has nothing to forget.
    if (await isRunBySystemd(kernel)) await reloadUnits(kernel);
  },
  async 'remove-boot-files'({ folder }, { names }) {
    for (const name of names) await folder.remove(name);
  },
  async 'remove-boot-programs'({ programs }, { names }) {
    for (const name of names) await programs.remove(name);
  },
};

/** Does one step of the plan for the boot service. @throws what a folder, systemd or the kernel refuses */
export async function applyBootServiceStep(ports: BootPorts, step: BootServiceStep): Promise<void> {
  const work = DO[step.kind] as Do<Kind>;
  await work(ports, step);
}
