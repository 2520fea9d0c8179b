import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** Serves methods of one request and one answer on a unix socket. @param methods by their paths */
export async function serve(
  socket: string,
  methods: Readonly<Record<string, (request: Buffer) => Uint8Array>>,
): Promise<void> {
  const server = new Server();
  for (const [path, answer] of Object.entries(methods)) {
    const handle: handleUnaryCall<Buffer, Buffer> = ({ request }, callback) => {
      callback(null, Buffer.from(answer(request)));
    };
    const serializers = {
      ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
    };
    const method = { path, requestStream: false, responseStream: false, ...serializers };
    server.addService({ method }, { method: handle });
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
