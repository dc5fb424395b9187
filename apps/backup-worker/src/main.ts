#!/usr/bin/env node
import { runService } from '@cap/service-kit';
import { backupService } from './service.js';

void runService(backupService);
