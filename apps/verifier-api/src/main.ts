#!/usr/bin/env node
import { runService } from '@cap/service-kit';
import { verifierService } from './service.js';

void runService(verifierService);
