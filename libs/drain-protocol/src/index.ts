export { type DrainObjects, type DrainState, type MissingAnnotation, readDrainState } from './drain-state.ts';
export {
  type Move,
  type MoveFacts,
  type Need,
  nextMove,
  permission,
  type WaitReason,
  type WithdrawReason,
} from './next-move.ts';
