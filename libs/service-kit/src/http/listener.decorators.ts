import { RouteConfig } from '@nestjs/platform-fastify';

/** Which listener serves a route of operation; all others are the API's. Their lines in the request log are debug. */
export type RouteListener = 'management' | 'every';

declare module 'fastify' {
  interface FastifyContextConfig {
    listener?: RouteListener;
  }
}

const servedBy = (listener: RouteListener) => RouteConfig({ listener });

/** Served by the management listener alone. */
export const ManagementOnly = () => servedBy('management');
/** Served by both listeners: for what tells nothing. */
export const EveryListener = () => servedBy('every');
