import { z } from 'zod';
import { settingsSchema } from '../settings.ts';

/** Settings of a config daemon whose host is simulated. */
export const simulatedSettingsSchema = settingsSchema.extend({
  simulate: z.string().describe('World file of the simulated host'),
  simulateState: z.string().optional().describe('File that keeps the simulated host over restarts of the daemon'),
  simulatePods: z
    .string()
    .optional()
    .describe('File with the pods that have VFs of the simulated host, which the daemon follows'),
});

export type SimulatedSettings = z.output<typeof simulatedSettingsSchema>;
