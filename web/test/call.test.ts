// Lines that the console writes, and calls that it reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call_command, calls_risk, command_path, exact_value } from '../src/call';

const commands = [
	{ name: 'ack', plugin: 'core', risk: 'change' }, { name: 'deploy start', plugin: 'deploy', risk: 'danger' }, { name: 'deploy start all', plugin: 'deploy', risk: 'read' },
	{ name: 'web', plugin: 'web', risk: 'read' },
];

test('a value is read back as itself, whatever stands in it', () => {
	assert.equal(exact_value('plain'), '"plain"');
	assert.equal(exact_value('a "b" \\ c\nd\te'), '"a \\"b\\" \\\\ c\\nd\\te"');
});

test('a canonical call leads to its command, the longest that fits', () => {
	assert.deepEqual(commands.map(command_path), ['core:ack', 'deploy:start', 'deploy:start all', 'web:web']);
	assert.equal(call_command(commands, 'core:ack -- k7f3'), commands[0]);
	assert.equal(call_command(commands, 'deploy:start --env=prod'), commands[1]);
	assert.equal(call_command(commands, 'deploy:start all'), commands[2]);
	assert.equal(call_command(commands, 'core:ackstorm'), undefined);
});

test('of several calls the worst counts', () => {
	assert.equal(calls_risk(commands, 'core:ack -- a\ndeploy:start\nweb:web'), 'danger');
	assert.equal(calls_risk(commands, 'core:ack -- a\ngone:x'), 'change');
	assert.equal(calls_risk(commands, 'gone:x'), '');
});
