import { expect, it } from '@jest/globals';
import { vdpaDriverOf, vdpaNameOf, vdpaTypeOf } from './vdpa.ts';

it('a vDPA device has the name that upstream gives it', () => {
  expect(vdpaNameOf('0000:5e:00.2')).toBe('vdpa:0000:5e:00.2');
});

it.each([
  ['virtio', 'virtio_vdpa'],
  ['vhost', 'vhost_vdpa'],
])('the driver of type %s is %s', (type, driver) => {
  expect(vdpaDriverOf(type)).toBe(driver);
  expect(vdpaTypeOf(driver)).toBe(type);
});

it('other texts are neither a type nor a driver', () => {
  expect(vdpaDriverOf('toString')).toBeUndefined();
  expect(vdpaDriverOf('')).toBeUndefined();
  expect(vdpaTypeOf('vduse')).toBeUndefined();
  expect(vdpaTypeOf(undefined)).toBeUndefined();
});
