import { hasCarrier } from '../machine/interfaces.ts';
import { type Machine } from '../machine/machine.ts';
import { type LinkState, type VfSettings } from '../state.ts';

/** A refusal of the tool, or of the kernel through it. */
export class Refused extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const kernelSays = (text: string): Refused => new Refused(2, `RTNETLINK answers: ${text}`);

/**
 * `ip link set PF vf N ...`: what the PF prescribes for a VF, one property after the other (iplink_parse_vf in
 * ip/iplink.c). A MAC address counts from the VF's next bind on.
 */
export function setVf(machine: Machine, pfLink: LinkState, words: readonly string[]): void {
  const [index = '', ...properties] = words;
  const settings = machine.device(pfLink.device).pf?.vfSettings[Number(index)];
  if (!settings) throw kernelSays('Invalid argument');
  const vf = { machine, pfLink, settings };
  for (let rest = properties; rest.length > 0;) rest = setProperty(vf, rest);
  machine.changed({ kind: 'link' });
}

/** Sets the first property. Returns the words behind it. */
function setProperty(vf: Vf, [property = '', value = '', ...rest]: readonly string[]): string[] {
  const set = SETTERS[property];
  if (!set) throw new Refused(255, `Error: either "dev" is duplicate, or "${property}" is a garbage.`);
  // ipoib_netdev_ops_pf has these operations, and only ports of InfiniBand have that of the GUIDs (do_setvfinfo in
  // net/core/rtnetlink.c).
  const isOfInfiniband = vf.machine.infinibandPort(vf.pfLink.device) !== undefined;
  if (property !== 'state' && property.endsWith('_guid') !== isOfInfiniband) {
    throw kernelSays('Operation not supported');
  }
  set(vf, value, rest);
  // The words behind a VLAN belong to it.
  return property === 'vlan' ? [] : rest;
}

interface Vf {
  readonly machine: Machine;
  readonly pfLink: LinkState;
  readonly settings: VfSettings;
}

const SETTERS: Readonly<Record<string, (vf: Vf, value: string, rest: readonly string[]) => void>> = {
  mac({ settings }, value) {
    const isMulticast = (parseInt(value.slice(0, 2), 16) & 1) === 1;
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) throw new Refused(1, `"${value}" is invalid lladdr.`);
    if (isMulticast) throw kernelSays('Invalid argument');
    settings.mac = value.toLowerCase();
  },
  vlan({ settings }, value, [word, next, word2, proto]) {
    if (word2 === 'proto' && proto !== '802.1q') throw kernelSays('Protocol not supported');
    settings.vlan = Number(value);
    settings.qos = word === 'qos' ? Number(next) : 0;
  },
  spoofchk({ settings }, value) {
    settings.spoofchk = value === 'on';
  },
  trust({ settings }, value) {
    settings.trust = value === 'on';
  },
  state({ machine, pfLink, settings }, value) {
    // igb has no such operation.
    if (!machine.model(pfLink.device).eSwitch) throw kernelSays('Operation not supported');
    settings.linkState = value as VfSettings['linkState'];
  },
  node_guid({ settings }, value) {
    settings.nodeGuid = checkGuid(value);
    delete settings.isSetByFile;
  },
  port_guid({ settings }, value) {
    settings.portGuid = checkGuid(value);
    delete settings.isSetByFile;
  },
  max_tx_rate({ machine, pfLink, settings }, value) {
    const rate = Number(value);
    if (!hasCarrier(pfLink) || rate > machine.model(pfLink.device).speed) throw kernelSays('Invalid argument');
    settings.maxTxRate = rate;
  },
};

/** As `ip` reads it (get_guid in lib/utils.c): octets with colons. */
function checkGuid(text: string): string {
  if (/^([0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text)) return text.toLowerCase();
  throw new Refused(255, `Error: argument "${text}" is wrong: Invalid GUID format`);
}
