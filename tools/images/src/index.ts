export * from './oci/tar.ts';
