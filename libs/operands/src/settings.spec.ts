import { describe, expect, it } from '@jest/globals';
import { readOperandSettings } from './settings.ts';
import { SETTINGS } from './test/inputs.ts';

const read = (value: unknown): ReturnType<typeof readOperandSettings> =>
  readOperandSettings({ 'settings.json': typeof value === 'string' ? value : JSON.stringify(value) });

/** Every path at which the settings have a member. */
const pathsOf = (value: object, path: readonly string[] = []): string[][] =>
  Object.entries(value).flatMap(([member, inner]: [string, unknown]) => {
    const own = [...path, member];
    const isOpen = ['labels', 'tolerations', 'resources', 'patch', 'tlsConfig'].includes(member);
    return [own, ...(typeof inner === 'object' && inner !== null && !isOpen ? pathsOf(inner, own) : [])];
  });
const without = (value: object, [member = '', ...rest]: readonly string[]): object =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]: [string, object]) => {
      if (name !== member) return [[name, inner]];
      return rest.length > 0 ? [[name, without(inner, rest)]] : [];
    }),
  );

describe('the settings of the operands', () => {
  it('are read as the chart writes them', () => {
    expect(read(SETTINGS)).toEqual({ ok: true, settings: SETTINGS });
  });

  it('may have members of a newer chart', () => {
    const { cniPlugins } = SETTINGS;
    expect(read({ ...SETTINGS, later: 1, cniPlugins: { ...cniPlugins, later: 2 } })).toEqual({
      ok: true,
      settings: SETTINGS,
    });
  });

  it.each(pathsOf(SETTINGS).map((path) => [path.join('.'), path] as const))(
    'are unreadable without %s, because its absence is no wish',
    (name, path) => {
      expect(read(without(SETTINGS, path))).toEqual({ ok: false, message: expect.stringContaining(name) });
    },
  );

  it.each<[string, Record<string, string> | undefined, string]>([
    [
      'there is no ConfigMap',
      undefined,
      'ConfigMap operand-settings, key settings.json: is missing; the chart writes it',
    ],
    ['the key is missing', { constructor: '{}' }, 'is missing'],
    ['the text is cut off', { 'settings.json': JSON.stringify(SETTINGS).slice(0, -1) }, 'is not JSON'],
    ['it is no object', { 'settings.json': '[]' }, 'settings.json: '],
  ])('say what is wrong when %s', (_, data, message) => {
    expect(readOperandSettings(data)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  it.each<[string, object]>([
    ['a daemon without an image', { configDaemon: { ...SETTINGS.configDaemon, image: '' } }],
    ['a device plugin without an image', { devicePlugin: { ...SETTINGS.devicePlugin, image: '' } }],
    ['an unknown kind of device plugin', { devicePlugin: { ...SETTINGS.devicePlugin, kind: 'Own' } }],
    ['no port for the standby', { devicePlugin: { ...SETTINGS.devicePlugin, port: 65_535 } }],
    ['port 0', { metricsExporter: { ...SETTINGS.metricsExporter, port: 0 } }],
    ['a port above 65535', { metricsExporter: { ...SETTINGS.metricsExporter, port: 65_536 } }],
    ['an exporter without a Secret', { metricsExporter: { ...SETTINGS.metricsExporter, secretName: '' } }],
    ['no ConfigMap of the device plugin', { devicePluginConfigShards: 0 }],
    ['too many of them', { devicePluginConfigShards: 17 }],
    ['a relative state folder', { configDaemon: { ...SETTINGS.configDaemon, stateFolder: 'etc' } }],
    ['a relative folder of CNI plugins', { cniPlugins: { ...SETTINGS.cniPlugins, binPath: 'opt' } }],
    ['no log level', { logLevel: '' }],
    ['no prefix', { resourcePrefix: '' }],
    ['a patch that is no object', { sriovNetworkDevicePlugin: { image: '', patch: [] } }],
  ])('refuse %s', (_, part) => {
    expect(read({ ...SETTINGS, ...part })).toMatchObject({ ok: false });
  });
});
