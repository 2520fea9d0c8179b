import { type Exchange } from '../exchange.ts';
import { crds } from './crds.ts';
import { devicePluginConfig } from './device-plugin-config.ts';
import { handover } from './handover.ts';
import { journal } from './journal.ts';
import { names } from './names.ts';
import { nodeStateSpec } from './node-state-spec.ts';
import { nodeStateStatus } from './node-state-status.ts';
import { syncAnswers } from './sync-answer.ts';

/** All that services of different versions exchange. */
export const EXCHANGES: readonly Exchange[] = [
  nodeStateSpec,
  nodeStateStatus,
  devicePluginConfig,
  handover,
  syncAnswers,
  journal,
  crds,
  names,
];
