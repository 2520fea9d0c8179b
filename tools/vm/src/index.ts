export { packCpio } from './supplies/cpio.ts';
