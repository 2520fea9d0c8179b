import { type Bridges, type OvsBridge, omitUndefined } from '@sriov/api';
import { type ObservedBridge, type ObservedPort, type SoftwareBridges } from '@sriov/observed-host';

/** The bridges of a status, as a look would show them: a status has no uplink that ovs-vswitchd cannot use. */
export function reportedBridges({ ovs = [] }: Bridges = {}): SoftwareBridges {
  return { kind: 'seen', bridges: ovs.map(reportedBridge) };
}

type Uplink = NonNullable<OvsBridge['uplinks']>[number];

/** Number of an OpenFlow port of which only the existence is known. */
const SOME_PORT = 1;

function reportedBridge({ name, bridge = {}, uplinks = [] }: OvsBridge): ObservedBridge {
  const { datapathType = '', failMode, externalIDs = {}, otherConfig = {} } = bridge;
  const own = reportedPort({ name, interface: { type: 'internal' } });
  const ports = [own, ...uplinks.map(reportedPort)];
  return omitUndefined({ name, datapathType, failMode, externalIDs, otherConfig, ports });
}

function reportedPort({ name = '', interface: settings = {} }: Pick<Uplink, 'name' | 'interface'>): ObservedPort {
  const { type = '', options = {}, externalIDs = {}, otherConfig = {}, mtuRequest } = settings;
  const port = omitUndefined({ name, type, options, externalIDs, otherConfig, mtuRequest, ofport: SOME_PORT });
  return { name, interfaces: [port] };
}
