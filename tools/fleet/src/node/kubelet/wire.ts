import protobuf from 'protobufjs';
import { z } from 'zod';

/** The fields of the kubelet's device plugin API v1beta1 that are needed to play a kubelet. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message RegisterRequest { string endpoint = 2; string resource_name = 3; }
  message ListAndWatchResponse { repeated Device devices = 1; }
  message Device { string ID = 1; string health = 2; }
  message AllocateRequest { repeated ContainerAllocateRequest container_requests = 1; }
  message ContainerAllocateRequest { repeated string devices_ids = 1; }
`,
  { keepCase: true },
);

const registrationSchema = z.object({ endpoint: z.string(), resource_name: z.string() });
const listSchema = z.object({ devices: z.array(z.object({ ID: z.string(), health: z.string() })) });

function decode(name: string, bytes: Uint8Array): unknown {
  const type = root.lookupType(name);
  return type.toObject(type.decode(bytes), { arrays: true, defaults: true });
}

/** Who registers, and with what. */
export function readRegistration(bytes: Uint8Array): z.infer<typeof registrationSchema> {
  return registrationSchema.parse(decode('RegisterRequest', bytes));
}

/** A list of devices. */
export function readList(bytes: Uint8Array): z.infer<typeof listSchema> {
  return listSchema.parse(decode('ListAndWatchResponse', bytes));
}

/** The request for one device for one container. */
export function writeAllocate(id: string): Buffer {
  const request = { container_requests: [{ devices_ids: [id] }] };
  return Buffer.from(root.lookupType('AllocateRequest').encode(request).finish());
}
