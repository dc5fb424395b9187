import { expect, it } from '@jest/globals';
import { parseLogLevels } from '@cap/config';
import { setTimeout as pause } from 'node:timers/promises';
import { LogSink } from '../greeter.fixture.js';
import { Logs } from './logs.js';
import { UnauthenticatedLog } from './unauthenticated-log.js';

function strangers(levels: string) {
  const sink = new LogSink();
  const log = new UnauthenticatedLog(
    new Logs('greeter', parseLogLevels(levels), sink).for('auth'),
    'refused tokens',
    20,
  );
  return { sink, refuse: (client: string) => log.write('info', 'a token was refused', { client, reason: 'exp' }) };
}

it('writes 60 lines a minute, and then one that counts the others and names who caused most', async () => {
  const { sink, refuse } = strangers('info');
  for (let i = 0; i < 1_000; i++) refuse(i % 10 === 0 ? `192.0.2.${i % 7}` : '198.51.100.9');
  expect(sink.find('a token was refused')).toHaveLength(60);
  let summary = sink.find('refused tokens: lines were left out');
  for (; summary.length === 0; summary = sink.find('refused tokens: lines were left out')) await pause(5);
  expect(summary).toMatchObject([{ level: 'warn', lines: 940, clients: { '198.51.100.9': 846 } }]);
  expect(Object.keys(summary[0]!['clients'] as object)).toHaveLength(5);
  refuse('192.0.2.1');
  expect(sink.find('a token was refused')).toHaveLength(61);
});

it('writes all of them at debug, none below its level', () => {
  for (const [levels, lines] of [
    ['debug', 100],
    ['warn', 0],
  ] as const) {
    const { sink, refuse } = strangers(levels);
    for (let i = 0; i < 100; i++) refuse('192.0.2.1');
    expect(sink.lines).toHaveLength(lines);
  }
});
