import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the admission webhook. */
export const settingsSchema = z
  .object({
    ...serviceSettings,
    namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
    port: z.int().min(0).max(65_535).default(6443).describe('Port on which the webhook answers the API server'),
    bindAddress: z
      .string()
      .min(1)
      .optional()
      .describe('Address on which the webhook listens; all addresses of the machine by default'),
    stopDelaySeconds: z
      .number()
      .min(0)
      .max(15)
      .default(5)
      .describe('Seconds for which it answers on when it is to stop, until the API server calls other replicas alone'),
    supportedNicsOnly: z
      .boolean()
      .default(false)
      .describe('Refuse policies for NICs whose ids are not in the ConfigMap supported-nic-ids'),
    serviceName: z
      .string()
      .min(1)
      .default('operator-webhook-service')
      .describe('Service by which the API server calls; the certificate is made for its names'),
    certificateNames: z
      .array(z.string().min(1))
      .default([])
      .describe('Further names and IP addresses of the certificate, such as 127.0.0.1'),
    certificateSecret: z
      .string()
      .min(1)
      .default('operator-webhook-cert')
      .describe('Secret in which the replicas share the certificates that they make and renew'),
    certificateDays: z
      .number()
      .positive()
      .max(3650)
      .default(90)
      .describe('Days for which a new certificate is valid; its authority is valid ten times as long'),
    certificateFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Certificate chain (PEM) to serve instead; read again when it changes. You then have to set the caBundle',
      ),
    keyFile: z.string().min(1).optional().describe('Private key (PEM) of --certificate-file'),
  })
  .refine(({ certificateFile, keyFile }) => (certificateFile === undefined) === (keyFile === undefined), {
    path: ['keyFile'],
    message: '--certificate-file and --key-file have to be given together',
  });

export type Settings = z.output<typeof settingsSchema>;
