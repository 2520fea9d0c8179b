import { BNXT } from './bnxt.ts';
import { ENA } from './ena.ts';
import { IAVF } from './iavf.ts';
import { ICE } from './ice.ts';
import { IGB } from './igb.ts';
import { MLX5 } from './mlx5.ts';
import { type NicModel } from './nic-model.ts';
import { VIRTIO } from './virtio.ts';

const MODELS: Readonly<Record<string, NicModel>> = {
  bnxt: BNXT,
  ena: ENA,
  iavf: IAVF,
  ice: ICE,
  igb: IGB,
  mlx5: MLX5,
  virtio: VIRTIO,
};

/** The model of that name. @throws Error for a name that no world can have. */
export function modelOf(name: string): NicModel {
  const model = MODELS[name];
  if (!model) throw new Error(`there is no NIC model ${name}`);
  return model;
}

/** All models, for finding which driver takes a device. */
export function allModels(): readonly NicModel[] {
  return Object.values(MODELS);
}
