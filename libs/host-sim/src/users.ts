import { type KernelEvent } from '@sriov/host';
import { type Machine } from './machine/machine.ts';
import { nextRandomMac } from './machine/numbers.ts';
import { type OpenFile, type Pod, type UsersState, type VirtualLink } from './users-state.ts';

/**
 * What others do with the devices of a simulated machine: the kubelet, programs, and the network configuration of the
 * host. Each method returns a function that undoes it.
 */
export class Users {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * The kubelet gives a device to a pod. Its interface is where it was until the CNI plugin is called, which comes
   * later or, for a pod whose containers do not start, never.
   */
  allocate(pciAddress: string, pod: Partial<Pod> = {}): () => void {
    const { allocations } = this.#state;
    allocations[pciAddress] = {
      namespace: 'default',
      name: 'web',
      uid: '7a1f2c9e-0000-4000-8000-000000000001',
      ...pod,
    };
    return this.#done(() => delete allocations[pciAddress], 'pod');
  }

  /** A pod without devices runs on the node. */
  run(pod: Partial<Pod> & Pick<Pod, 'name'>): () => void {
    const pods = (this.#state.pods ??= []);
    const entry = { namespace: 'default', uid: '7a1f2c9e-0000-4000-8000-000000000002', ...pod };
    pods.push(entry);
    return this.#done(() => pods.splice(pods.indexOf(entry), 1), 'pod');
  }

  /**
   * The kubelet starts again: it answers before it has heard of its pods from the API server, and its file is as it was.
   * The returned function tells it of them.
   */
  restartKubelet(): () => void {
    this.#state.isKubeletNew = true;
    return this.#done(() => delete this.#state.isKubeletNew);
  }

  /** A program opens a file below /dev. */
  open(path: string, program: Partial<OpenFile> = {}): () => void {
    const state = this.#state;
    const file = { pid: 4811, command: 'ibv_rc_pingpong', ...program, path };
    state.openFiles.push(file);
    return this.#done(() => {
      state.openFiles = state.openFiles.filter((other) => other !== file);
      for (const resolve of this.#machine.releases.get(path) ?? []) resolve();
      this.#machine.releases.delete(path);
    });
  }

  /** Somebody makes an interface without a device, on top of another one or not: `ip link add ... type TYPE`. */
  addLink(name: string, rest: Pick<VirtualLink, 'type' | 'link' | 'master'>): () => void {
    const { state } = this.#machine;
    const { links } = this.#state;
    links[name] = { ifindex: state.nextIfindex, mac: nextRandomMac(state), ...rest };
    state.nextIfindex += 1;
    return this.#done(() => delete links[name]);
  }

  /**
   * An interface becomes part of a bond, and takes its address: the first member's (drivers/net/bonding/bond_main.c,
   * fail_over_mac=none).
   */
  enslave(name: string, bond: string): () => void {
    const { links } = this.#machine.state;
    const link = links[name];
    if (!link) throw new Error(`there is no interface ${name}`);
    const [first = link] = Object.values(links).filter(({ master }) => master === bond);
    const { mac } = link;
    link.mac = first.mac;
    link.master = bond;
    return this.#done(() => {
      link.mac = mac;
      delete link.master;
    });
  }

  /** An interface gets an IP address; the length of its prefix stands behind a slash. */
  addAddress(link: string, address: string): () => void {
    const state = this.#state;
    const entry = { link, address };
    state.addresses.push(entry);
    return this.#done(() => (state.addresses = state.addresses.filter((other) => other !== entry)));
  }

  /** The host gets a route through an interface. */
  addRoute(destination: string, link: string): () => void {
    const state = this.#state;
    const entry = { link, destination };
    state.routes.push(entry);
    return this.#done(() => (state.routes = state.routes.filter((other) => other !== entry)));
  }

  get #state(): UsersState {
    return this.#machine.users;
  }

  /** Reports what was just done. The result undoes it, and reports that. */
  #done(undo: () => void, kind: KernelEvent['kind'] = 'link'): () => void {
    this.#machine.changed({ kind });
    return () => {
      undo();
      this.#machine.changed({ kind });
    };
  }
}
