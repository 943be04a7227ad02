// The console's own checks: its types, and its unit tests.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '../../web');

// Without NODE_TEST_CONTEXT: node --test inside of node --test would say nothing.
function run(...args) {
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: web, env, encoding: 'utf8' });

	assert.equal(status, 0, stdout + stderr);
	return stdout;
}

test('the console is typed', () => {
	run(join(web, 'node_modules/typescript/bin/tsc'), '--noEmit');
});

test('the unit tests of the console pass', () => {
	assert.match(run('check.mjs'), /^# pass [1-9]\d+$/m);
});
