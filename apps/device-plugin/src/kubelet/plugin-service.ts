import {
  type handleUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { messageOf } from '@sriov/errors';
import { type ContainerAllocation, type PreferenceRequest } from '@sriov/device-pool';
import { z } from 'zod';
import { decode, encode } from './messages.ts';

function method(name: string, request: string, response: string, responseStream = false): ServiceDefinition[string] {
  return {
    path: `/v1beta1.DevicePlugin/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (message: object) => encode(request, message),
    requestDeserialize: (bytes: Buffer) => decode(request, bytes),
    responseSerialize: (message: object) => encode(response, message),
    responseDeserialize: (bytes: Buffer) => decode(response, bytes),
  };
}

/** The service that the kubelet calls. */
export const PLUGIN_SERVICE: ServiceDefinition = {
  GetDevicePluginOptions: method('GetDevicePluginOptions', 'Empty', 'DevicePluginOptions'),
  ListAndWatch: method('ListAndWatch', 'Empty', 'ListAndWatchResponse', true),
  GetPreferredAllocation: method('GetPreferredAllocation', 'PreferredAllocationRequest', 'PreferredAllocationResponse'),
  Allocate: method('Allocate', 'AllocateRequest', 'AllocateResponse'),
  PreStartContainer: method('PreStartContainer', 'Empty', 'Empty'),
};

/** A stream of lists that the kubelet has opened. */
export interface ListStream {
  send(list: object): void;
  /** Ends it when the kubelet has got the lists that were sent. */
  end(): void;
}

/** What a resource answers. */
export interface ResourceAnswers {
  /** @throws {Error} with the cause, which the kubelet puts on the pod */
  allocate(ids: readonly string[]): Promise<ContainerAllocation>;
  prefer(request: PreferenceRequest): readonly string[];
  /** Is called with each stream of lists. @param signal aborts when the kubelet ends it */
  follow(stream: ListStream, signal: AbortSignal): void;
}

const allocateSchema = z.object({ container_requests: z.array(z.object({ devices_ids: z.array(z.string()) })) });
const preferSchema = z.object({
  container_requests: z.array(
    z.object({
      available_deviceIDs: z.array(z.string()),
      must_include_deviceIDs: z.array(z.string()),
      allocation_size: z.number(),
    }),
  ),
});

/** Puts the answers of a resource behind the service. */
export function pluginService(answers: ResourceAnswers): UntypedServiceImplementation {
  return {
    GetDevicePluginOptions: unary(() => Promise.resolve({ get_preferred_allocation_available: true })),
    PreStartContainer: unary(() => Promise.resolve({})),
    GetPreferredAllocation: unary((request) => {
      const responses = preferSchema.parse(request).container_requests.map((each) => ({
        deviceIDs: answers.prefer({
          available: each.available_deviceIDs,
          mustInclude: each.must_include_deviceIDs,
          size: each.allocation_size,
        }),
      }));
      return Promise.resolve({ container_responses: responses });
    }),
    Allocate: unary(async (request) => {
      const { container_requests: requests } = allocateSchema.parse(request);
      const containers = await Promise.all(requests.map(({ devices_ids: ids }) => answers.allocate(ids)));
      return { container_responses: containers.map(toWire) };
    }),
    ListAndWatch: (call: ServerWritableStream<unknown, object>) => {
      const ended = new AbortController();
      call.once('cancelled', () => ended.abort());
      answers.follow({ send: (list) => call.write(list), end: () => call.end() }, ended.signal);
    },
  };
}

function unary(answer: (request: unknown) => Promise<object>): handleUnaryCall<unknown, object> {
  return ({ request }, callback) => {
    answer(request).then(
      (response) => callback(null, response),
      (error: unknown) => callback({ code: status.UNKNOWN, details: messageOf(error) }),
    );
  };
}

function toWire({ envs, devices, annotations, cdiDevices }: ContainerAllocation): object {
  return {
    envs,
    annotations,
    devices: devices.map(({ containerPath, hostPath, permissions }) => ({
      container_path: containerPath,
      host_path: hostPath,
      permissions,
    })),
    cdi_devices: cdiDevices.map((name) => ({ name })),
  };
}
