// Builds the images of the lane, and prints where they are: for work by hand, and so that nothing else has to wait.
import { join } from 'node:path';
import { cacheFolder } from '@sriov/control-plane';
import { getSupplies } from '@sriov/vm';
import { getContainerdFolder } from './build-images.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { tools } = await getSupplies(say);
const folder = await getContainerdFolder({ cache: join(cacheFolder(), 'node', 'images'), tools, onProgress: say });
say(`the images are unpacked for containerd in ${folder}`);
