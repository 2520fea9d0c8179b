import { type NicDriver } from './nic-driver.ts';

/** NVIDIA ConnectX-4 to ConnectX-8, BlueField; Ethernet and InfiniBand. */
export const MLX5_CORE: NicDriver = { pfDriver: 'mlx5_core', vfDriver: 'mlx5_core' };
