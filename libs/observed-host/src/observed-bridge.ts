import { type DeviceUse } from './device-use.ts';

/** What the database of Open vSwitch shows of the host's bridges, or why it could not be read. */
export type SoftwareBridges =
  | {
      readonly kind: 'seen';
      readonly bridges: readonly ObservedBridge[];
      /** Why nobody carries out what the database says: a sentence without a full stop; absent where that is done. */
      readonly halted?: string;
    }
  | { readonly kind: 'unseen'; readonly cause: string };

/** A bridge of Open vSwitch. */
export interface ObservedBridge {
  readonly name: string;
  /** Empty stands for `system`. */
  readonly datapathType: string;
  /** Absent where none is set. */
  readonly failMode?: string;
  readonly externalIDs: Readonly<Record<string, string>>;
  readonly otherConfig: Readonly<Record<string, string>>;
  /** It was made with the mark of the operator; the mark is none of `externalIDs`. */
  readonly isMarked?: true;
  /** By name; the one with the name of the bridge is its own, and stands for the host. */
  readonly ports: readonly ObservedPort[];
  /** What the host does with the interface of the bridge itself; absent where that is nothing. */
  readonly uses?: readonly DeviceUse[];
}

/** A port of a bridge: most often one interface of the same name, several for a bond. */
export interface ObservedPort {
  readonly name: string;
  readonly interfaces: readonly ObservedPortInterface[];
}

/** An interface of a port. */
export interface ObservedPortInterface {
  readonly name: string;
  /** Empty stands for `system`: an interface of the host. */
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly externalIDs: Readonly<Record<string, string>>;
  readonly otherConfig: Readonly<Record<string, string>>;
  readonly mtuRequest?: number;
  /** Number of its OpenFlow port; absent as long as ovs-vswitchd has not taken it up, -1 where it cannot. */
  readonly ofport?: number;
  /** Why ovs-vswitchd cannot use it. */
  readonly error?: string;
}
