export { admit } from './admit.ts';
export { setDefaults } from './defaults.ts';
export {
  type AdmissionCluster,
  type AdmissionSettings,
  type AdmissionVerdict,
  type PatchOperation,
} from './request.ts';
