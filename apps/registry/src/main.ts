#!/usr/bin/env node
import { runService } from '@cap/service-kit';
import { registryService } from './service.js';

void runService(registryService);
