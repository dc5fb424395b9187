/**
 * What Nest's decorators write on controllers and handlers, under names that Nest does not export: its own explorers read the same.
 * Looked at in 12.5.1; whoever raises the version looks again, and the tests of access rules and bodies fail if a name has gone.
 */
export { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
export { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
