import type { FastifyInstance } from 'fastify';

/** Turns a route template into the expression its paths match. */
const toExpression = (template: string): RegExp =>
  new RegExp(
    `^${template
      .split('/')
      .map((part) =>
        part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  );

/** Which methods a path takes, to tell 405 from 404. */
export class RouteTable {
  private readonly routes = new Map<string, { expression: RegExp; methods: Set<string>; management: boolean }>();

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method, config }) => {
      const management = config?.listener === 'management';
      const route = this.routes.get(url) ?? { expression: toExpression(url), methods: new Set<string>(), management };
      for (const one of [method].flat()) route.methods.add(one);
      this.routes.set(url, route);
    });
  }

  all(): { method: string; url: string }[] {
    return [...this.routes].flatMap(([url, { methods }]) => [...methods].map((method) => ({ method, url })));
  }

  /** Methods of the routes that match the path, and whether one of them is a management route. */
  allowed(path: string): { methods: string[]; management: boolean } {
    const methods = new Set<string>();
    let management = false;
    for (const route of this.routes.values())
      if (route.expression.test(path)) {
        for (const method of route.methods) methods.add(method);
        management ||= route.management;
      }
    return { methods: [...methods].sort(), management };
  }
}
