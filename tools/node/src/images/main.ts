// Builds the images of the lane, and prints where they are: for work by hand, and so that nothing else has to wait.
import { join } from 'node:path';
import { cacheFolder } from '@sriov/control-plane';
import { getSupplies } from '@sriov/vm';
import { buildImages, IMAGE } from './build-images.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { tools } = await getSupplies(say);
const folder = await buildImages({ cache: join(cacheFolder(), 'node', 'images'), tools, onProgress: say });
say(`${Object.values(IMAGE).join(', ')} are unpacked for containerd in ${folder}`);
