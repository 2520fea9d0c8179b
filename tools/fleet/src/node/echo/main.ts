// A bare gRPC server on a unix socket, to compare with: `main.ts SOCKET`.
import { ECHO_METHOD } from '../kubelet/messages.ts';
import { serve } from '../kubelet/serve.ts';

await serve(process.argv[2] ?? '', { [ECHO_METHOD]: (request) => request });
process.send?.('serves');
