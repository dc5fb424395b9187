import { parentPort } from 'node:worker_threads';
import { runJob, type Job } from './jobs.js';
import type { Answer } from './pool.js';

parentPort!.on('message', (job: Job) => {
  const answer = (message: Answer) => parentPort!.postMessage(message);
  runJob(job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error }),
  );
});
