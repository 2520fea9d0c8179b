/** Where Open vSwitch has its sockets. `/var/run` of most hosts is a link that leads elsewhere in a container. */
export const OVS_FOLDER = '/run/openvswitch';

const DATABASE_SOCKET = 'db.sock';

/** The socket of the database server of Open vSwitch. */
export const OVS_SOCKET = `${OVS_FOLDER}/${DATABASE_SOCKET}`;

/** Whether a file of {@link OVS_FOLDER} is the socket of the database server. */
export function isOvsDatabase(name: string): boolean {
  return name === DATABASE_SOCKET;
}

/**
 * Whether a file of {@link OVS_FOLDER} is a control socket of ovs-vswitchd. Its process id is part of the name
 * (`unixctl_server_create` of lib/unixctl.c), and is that of its container where it runs in one.
 */
export function isOvsControl(name: string): boolean {
  return /^ovs-vswitchd\.\d+\.ctl$/.test(name);
}
