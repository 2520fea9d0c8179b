import { type sendUnaryData, type ServiceDefinition, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { messageOf } from '@sriov/errors';
import { SYNC_METHOD, type SyncAnswer } from '@sriov/plugin-handover';

const asIs = (bytes: Buffer): Buffer => bytes;

/** The service for the config daemon. */
export const SYNC_SERVICE: ServiceDefinition = {
  Sync: {
    path: SYNC_METHOD,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

/**
 * Answers the config daemon. An error has the code INTERNAL: UNAVAILABLE would mean that no device plugin is there.
 * @param sync looks at everything again and tells the kubelet
 */
export function syncService(sync: () => Promise<SyncAnswer>): UntypedServiceImplementation {
  return {
    Sync: (_: unknown, callback: sendUnaryData<Buffer>) => {
      sync().then(
        (answer) => callback(null, Buffer.from(JSON.stringify(answer))),
        (error: unknown) => callback({ code: status.INTERNAL, details: messageOf(error) }),
      );
    },
  };
}
