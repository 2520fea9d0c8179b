import { type Type } from 'protobufjs';
import { type z } from 'zod';
import { NotUnderstoodError, understand } from '../kernel/understand.ts';

const WHAT = 'the answer of the kubelet';

/** A message of the kubelet as the schema describes it. @throws {NotUnderstoodError} */
export function readKubeletAnswer<S extends z.ZodType>(type: Type, schema: S, bytes: Uint8Array): z.output<S> {
  return understand(schema, decode(type, bytes), WHAT);
}

/** protobufjs throws errors of several kinds for bytes that are no message. */
function decode(type: Type, bytes: Uint8Array): unknown {
  try {
    return type.toObject(type.decode(bytes));
  } catch (cause) {
    throw new NotUnderstoodError(WHAT, 'it is no such message', { cause });
  }
}
