import { type Machine } from '../machine/machine.ts';
import { type LinkState, type UdevState } from '../state.ts';
import { fitsPattern, parseRules, type Rule, type RuleWord } from './rules.ts';

/** A device as udev matches it: the interface, or one of those above it. */
interface Level {
  /** Name of the device in sysfs. */
  readonly kernel: string;
  readonly driver: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

/** What the rules have decided about an interface. */
interface Decision {
  readonly properties: Record<string, string>;
  name?: string;
}

/**
 * udevd handles an event of an interface with the rules that it has read: their programs set properties, and the
 * interface gets its name (udev(7)). NetworkManager then brings up what it may manage: a connection of its own for each
 * Ethernet interface that nobody has configured (`no-auto-default` in NetworkManager.conf(5)), unless the property
 * NM_UNMANAGED says otherwise (NetworkManager.conf(5), "unmanaged-devices").
 */
export function handleUdevEvent(machine: Machine, name: string, action: 'add' | 'change' | 'move'): void {
  const link = machine.state.links[name];
  const { udev } = machine.state;
  if (link === undefined || link.namespace !== undefined || udev === undefined) return;
  rereadRules(machine, udev);
  const levels = levelsOf(machine, name, link);
  const decision: Decision = { properties: { INTERFACE: name } };
  for (const rule of Object.entries(udev.rules)
    .sort(byName)
    .flatMap(([, text]) => parseRules(text))) {
    if (matches(rule, action, levels)) carryOut(machine, rule, levels, decision);
  }
  if (decision.properties['NM_UNMANAGED'] === '1') link.isUnmanaged = true;
  else delete link.isUnmanaged;
  if (decision.name !== undefined) renameLink(machine, name, decision.name);
  if (machine.world.networkManager && link.isUnmanaged !== true) bringUp(link);
}

function bringUp(link: LinkState): void {
  if (link.up) return;
  link.up = true;
  link.carrierChanges += 1;
}

/** udevd looks for changed rules at an event, every 3 s at most (event_queue_start in src/udev/udevd.c of systemd). */
const REREAD_MS = 3_000;

function rereadRules({ clock }: Machine, udev: UdevState): void {
  if (clock.now() - udev.lookedAt <= REREAD_MS) return;
  udev.rules = rulesOf(udev.files);
  udev.lookedAt = clock.now();
}

/** The texts of the rules files, as udevd reads them. */
export function rulesOf(files: UdevState['files']): UdevState['rules'] {
  const rules = Object.entries(files).filter(([path]) => /^rules\.d\/[^/]+\.rules$/.test(path));
  return Object.fromEntries(rules.map(([path, { content }]) => [path, content]));
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

/** The interface, and the PCI function above it. */
function levelsOf(machine: Machine, name: string, link: LinkState): [Level, Level] {
  const { device } = link;
  const { driver = '' } = machine.device(device);
  const { vendor } = machine.model(device);
  const { portName, switchId } = machine.switchPort(link);
  return [
    { kernel: name, driver: '', attributes: { phys_port_name: portName, phys_switch_id: switchId } },
    {
      kernel: device,
      driver,
      attributes: { vendor: `0x${vendor}`, device: `0x${machine.facts(device).device}` },
    },
  ];
}

/** Words that look at the device or one above it have to fit the same one, all of them (udev(7)). */
const OF_PARENTS = ['KERNELS', 'DRIVERS', 'ATTRS'];

function matches(rule: Rule, action: string, levels: readonly [Level, Level]): boolean {
  const conditions = rule.filter(({ operator }) => operator === '==');
  const own = conditions.filter(({ key }) => !OF_PARENTS.includes(key));
  const ofParents = conditions.filter(({ key }) => OF_PARENTS.includes(key));
  const facts = { SUBSYSTEM: 'net', ACTION: action, KERNEL: levels[0].kernel };
  return (
    own.every((word) => fits(word, word.key === 'ATTR' ? levels[0].attributes[word.attribute] : factOf(facts, word))) &&
    levels.some((level) => ofParents.every((word) => fits(word, valueOf(level, word))))
  );
}

function factOf(facts: Readonly<Record<string, string>>, { key }: RuleWord): string | undefined {
  return facts[key];
}

function valueOf({ kernel, driver, attributes }: Level, { key, attribute }: RuleWord): string | undefined {
  if (key === 'KERNELS') return kernel;
  return key === 'DRIVERS' ? driver : attributes[attribute];
}

function fits({ value }: RuleWord, text: string | undefined): boolean {
  return text !== undefined && fitsPattern(value, text);
}

function carryOut(machine: Machine, rule: Rule, levels: readonly [Level, Level], decision: Decision): void {
  const replaced = (text: string): string =>
    text
      .replace(/\$env\{(\w+)\}/g, (_, property: string) => decision.properties[property] ?? '')
      .replace(/\$attr\{(\w+)\}/g, (_, attribute: string) => levels[0].attributes[attribute] ?? '');
  for (const { key, attribute, operator, value } of rule) {
    if (operator !== '=') {
      if (operator === '==') continue;
      throw new Error(`the simulated udev does not know the operator ${operator}`);
    }
    if (key === 'IMPORT' && attribute === 'program') {
      const [program = '', ...words] = replaced(value).split(' ');
      const properties = runProgram(machine, program, words);
      // A program that cannot be run, or fails, ends the rule (udev(7), IMPORT{program}).
      if (properties === undefined) return;
      Object.assign(decision.properties, properties);
    } else if (key === 'NAME') decision.name = replaced(value);
  }
}

/** The operator's programs, as they are meant: the texts of the files run only on a real host. */
function runProgram(machine: Machine, path: string, words: readonly string[]): Record<string, string> | undefined {
  const file = machine.state.udev?.files[path.replace(/^\/etc\/udev\//, '')];
  if (file === undefined || (file.mode & 0o100) === 0) return undefined;
  const [first = '', second] = words;
  if (path.endsWith('/switchdev-vf-link-name.sh')) return { NUMBER: first.replace(/^.*vf/, '') };
  const vf = machine.vfOf(machine.state.links[first]?.device ?? '');
  return vf?.pf.address === second ? { NM_UNMANAGED: '1' } : {};
}

/** IFNAMSIZ of Linux, without its zero. */
const LONGEST_NAME = 15;

/** A name that is too long, or that another interface has, changes nothing (dev_change_name of net/core/dev.c). */
function renameLink(machine: Machine, from: string, to: string): void {
  const { links } = machine.state;
  const link = links[from];
  const isTaken = Object.entries(links).some(([name, { altNames }]) => name === to || altNames.includes(to));
  if (link === undefined || isTaken || to === '' || to.length > LONGEST_NAME) return;
  delete links[from];
  links[to] = link;
  machine.changed({ kind: 'link' });
}
