import type { ExecutionContext, Type } from '@nestjs/common';

/** A method of a controller that answers a route. */
export type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Reads once what decorators have written on a handler: it never changes, and reflection on each request costs more than all that
 * is decided by it. Two controllers may inherit one handler.
 */
export function oncePerHandler<T extends object>(
  read: (handler: Handler, controller: Type) => T,
): (context: ExecutionContext) => T {
  const controllers = new Map<Type, Map<Handler, T>>();
  return (context) => {
    const handler = context.getHandler();
    const controller = context.getClass();
    const known = controllers.get(controller)?.get(handler);
    if (known) return known;
    const fresh = read(handler, controller);
    controllers.set(controller, (controllers.get(controller) ?? new Map<Handler, T>()).set(handler, fresh));
    return fresh;
  };
}
