import { type KubeObject, LABEL } from '@sriov/api';
import { type Controller } from '@sriov/controller';
import { type Change } from '@sriov/kube';
import { type OperandName, OPERANDS } from '@sriov/operands';
import { type Caches } from './caches.ts';

/** The controllers that changes wake. */
export interface Controllers {
  readonly operands: Controller;
  readonly status: Controller;
  readonly operatorConfig: Controller;
}

/** The one key of the controller of the status. */
export const STATUS_KEY = 'status';
/** The one key of the controller of the SriovOperatorConfig. */
const OPERATOR_CONFIG_KEY = 'operator-config';
/** A rollout changes the status of a DaemonSet for each pod: the reports of a second go together. */
const STATUS_DELAY_MS = 1_000;

/** Wakes the controllers: which change concerns which operand. */
export function connectWatches(caches: Caches, { operands, status, operatorConfig }: Controllers): void {
  const wakeAll = (): void => {
    for (const name of OPERANDS) operands.enqueue(name);
    status.enqueue(STATUS_KEY);
  };
  caches.operatorConfigs.store.subscribe((change) => {
    if (isStatusOnly(change)) return;
    operatorConfig.enqueue(OPERATOR_CONFIG_KEY);
    wakeAll();
  });
  caches.operatorConfigWish.store.subscribe(() => {
    operatorConfig.enqueue(OPERATOR_CONFIG_KEY);
    status.enqueue(STATUS_KEY);
  });
  caches.settings.store.subscribe(wakeAll);
  for (const { store } of [caches.daemonSets, caches.services]) {
    store.subscribe((change) => {
      status.enqueue(STATUS_KEY, STATUS_DELAY_MS);
      if (isStatusOnly(change)) return;
      for (const name of concernedBy(change)) operands.enqueue(name);
    });
  }
  for (const { store } of [caches.deployments, ...caches.registrations.map(({ informer }) => informer)]) {
    store.subscribe(() => status.enqueue(STATUS_KEY, STATUS_DELAY_MS));
  }
}

/** Whether nothing but the status of the object changed. A kind without a generation has no status either. */
function isStatusOnly({ type, object, previous }: Change<KubeObject>): boolean {
  if (type !== 'updated' || previous === undefined || object.metadata.generation === undefined) return false;
  return metadataOf(object) === metadataOf(previous);
}

function metadataOf({ metadata }: KubeObject): string {
  const { uid, generation, deletionTimestamp, labels, annotations, ownerReferences } = metadata;
  return JSON.stringify([uid, generation, deletionTimestamp, labels, annotations, ownerReferences]);
}

/** The operand that the object belongs to, or belonged to; an object of others may have the name of any of ours. */
function concernedBy({ object, previous }: Change<KubeObject>): readonly OperandName[] {
  const labels = [object, ...(previous ? [previous] : [])].map(({ metadata }) => metadata.labels?.[LABEL.operand]);
  const named = OPERANDS.filter((name) => labels.includes(name));
  return named.length > 0 ? named : OPERANDS;
}
