import { RouteConfig } from '@nestjs/platform-fastify';

/** Which listener serves an operational route; all other routes are the API's. The request log has these at level debug. */
export type RouteListener = 'management' | 'every';

declare module 'fastify' {
  interface FastifyContextConfig {
    listener?: RouteListener;
  }
}

const servedBy = (listener: RouteListener) => RouteConfig({ listener });

/** Served by the management listener only. */
export const ManagementOnly = () => servedBy('management');
/** Served by both listeners: for routes that reveal nothing. */
export const EveryListener = () => servedBy('every');
