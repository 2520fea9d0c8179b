export { hasCode, messageOf } from './errors.ts';
