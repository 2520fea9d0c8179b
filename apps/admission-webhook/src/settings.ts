import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { serviceSettings } from '@sriov/runtime';
import { z } from 'zod';

/** Settings of the admission webhook. */
export const settingsSchema = z
  .object({
    ...serviceSettings,
    namespace: z.string().min(1).default(DEFAULT_OPERATOR_NAMESPACE).describe('Namespace of the operator'),
    port: z.int().min(0).max(65_535).default(6443).describe('Port on which the API server is answered'),
    bindAddress: z.string().min(1).optional().describe('Address of that port; all of the machine unless given'),
    supportedNicsOnly: z
      .boolean()
      .default(false)
      .describe('Refuse policies for NICs whose ids the ConfigMap supported-nic-ids lacks'),
    serviceName: z
      .string()
      .min(1)
      .default('operator-webhook-service')
      .describe('Service through which the API server comes; the certificate is made for its names'),
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
      .describe('How long a certificate is valid that is made; its authority lasts ten times as long'),
    certificateFile: z
      .string()
      .min(1)
      .optional()
      .describe('Certificate chain (PEM) to serve instead; read again when it changes. The caBundle is yours then'),
    keyFile: z.string().min(1).optional().describe('Private key (PEM) of --certificate-file'),
  })
  .refine(({ certificateFile, keyFile }) => (certificateFile === undefined) === (keyFile === undefined), {
    path: ['keyFile'],
    message: '--certificate-file and --key-file are given both or not at all',
  });

export type Settings = z.output<typeof settingsSchema>;
