#!/usr/bin/env node
import { runService } from '@cap/service-kit';
import { registryService } from './service.js';

// Each upload waits for the disk in a thread of the pool, limits.uploads_at_once (16) of them: readiness needs files too, and
// must not wait behind all of them.
process.env.UV_THREADPOOL_SIZE ??= '20';

void runService(registryService);
