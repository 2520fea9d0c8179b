import { expect, it } from '@jest/globals';
import { type Manifest } from '@sriov/control-plane';
import { z } from 'zod';
import { renderChart } from './render.ts';
import { operandsOf } from './test/operands-of.ts';
import { uninstallSection } from './test/uninstall-section.ts';

const podSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
            volumeMounts: z.array(z.object({ name: z.string(), readOnly: z.boolean().default(false) })).default([]),
          }),
        ),
        volumes: z.array(
          z.object({
            name: z.string(),
            hostPath: z.object({ path: z.string(), type: z.string().optional() }).optional(),
          }),
        ),
      }),
    }),
  }),
});

/** Folders of the host that the pods of a DaemonSet can write to, and the one that the daemon is told to write to. */
function writtenFolders(daemonSet: Manifest): string[] {
  const { containers, volumes } = podSchema.parse(daemonSet).spec.template.spec;
  const writable = containers.flatMap(({ volumeMounts }) =>
    volumeMounts.filter(({ readOnly }) => !readOnly).map(({ name }) => name),
  );
  const folders = volumes.flatMap(({ name, hostPath }) =>
    hostPath !== undefined && hostPath.type !== 'Socket' && writable.includes(name) ? [hostPath.path] : [],
  );
  const told = containers.flatMap(({ env }) =>
    env.flatMap(({ name, value = '' }) => (name === 'STATE_FOLDER' ? [value] : [])),
  );
  return [...folders, ...told];
}

it('the README lists every folder of a host that a program of the operator writes to', async () => {
  const values = {
    images: {
      ...{ sriovDevicePlugin: 'p:1', sriovCni: 'c:1', ibSriovCni: 'c:1', ovsCni: 'c:1', rdmaCni: 'c:1' },
      ...{ metricsExporter: 'e:1', metricsExporterKubeRbacProxy: 'k:1' },
    },
    devicePlugin: { useCdi: true },
    sriovOperatorConfig: { featureGates: { metricsExporter: true } },
  };
  const daemonSets = operandsOf(await renderChart({ values })).filter(({ kind }) => kind === 'DaemonSet');
  expect(daemonSets).toHaveLength(5);
  const folders = new Set(daemonSets.flatMap(writtenFolders));
  // The whole host: what it writes there besides the kernel's files is in the folder that it is told.
  folders.delete('/');
  expect(folders.size).toBeGreaterThan(5);
  const section = uninstallSection();
  expect([...folders].filter((folder) => !section.includes(folder))).toEqual([]);
});
