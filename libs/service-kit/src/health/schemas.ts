import { z } from 'zod';

const checks = z.record(z.string(), z.object({ status: z.enum(['up', 'down']), message: z.string().optional() }));

/** Answer of GET /healthz. */
export const health = z
  .object({ status: z.string(), info: checks, error: checks, details: checks })
  .meta({ id: 'Health' });

/** Answer of GET /readyz and GET /readyz/serving. */
export const readiness = health.extend({ missing: z.array(z.string()) }).meta({ id: 'Readiness' });
