export { buildImages, layOutContext } from './build/build-images.ts';
export * from './build/can-build.ts';
export * from './oci/tar.ts';
export { IMAGES } from './recipe.ts';
