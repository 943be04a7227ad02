// make install: what arrives, and whether it can be used from there.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, folder, opsroomd, root } from './helper.mjs';

const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const options = JSON.parse(execFileSync('meson', ['introspect', '--buildoptions', build], { encoding: 'utf8' }));
const prefix = options.find((o) => o.name === 'prefix').value; // the build's own: the test must not change it

function install(t) {
	const to = folder(t);
	execFileSync('make', ['-C', root, '--no-print-directory', 'install', `BUILD=${build}`, `PREFIX=${prefix}`, `DESTDIR=${to}`], { stdio: 'pipe' });
	return join(to, prefix);
}

test('make install brings programs, pages, unit, example and completion', async (t) => {
	const at = install(t);
	for (const page of readdirSync(join(root, 'man')))
		assert.equal(readFileSync(join(at, 'share/man', `man${page.at(-1)}`, page), 'utf8'), readFileSync(join(root, 'man', page), 'utf8'));
	for (const file of ['bin/opsroom', 'bin/opsroomd']) assert.ok(statSync(join(at, file)).mode & 0o111, file);
	for (const file of ['share/bash-completion/completions/opsroom', 'share/doc/opsroom/LICENSE']) assert.ok(statSync(join(at, file)).size > 0, file);
	const example = join(at, 'share/doc/opsroom/examples/opsroom.yaml');
	const run = await opsroomd(folder(t), ['--check', '--config', example]);
	assert.equal(run.code, 0, run.err);
	assert.match(execFileSync(join(at, 'bin/opsroomd'), ['--version'], { encoding: 'utf8' }), /^opsroomd \d/);
});

test('systemd takes the unit, and finds it well shut in', { skip: !has('systemd-analyze') && 'no systemd-analyze' }, (t) => {
	const at = install(t);
	const unit = join(folder(t), 'opsroom.service');
	const text = readFileSync(join(at, 'lib/systemd/system/opsroom.service'), 'utf8');
	assert.match(text, new RegExp(`^ExecStart=${prefix}/bin/opsroomd --config /etc/opsroom/opsroom.yaml$`, 'm'));
	writeFileSync(unit, text.replace(`${prefix}/bin`, `${at}/bin`)); // it looks whether the program is there
	const verify = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
	assert.equal(verify.stderr, '');
	assert.equal(verify.status, 0);
	const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit], { encoding: 'utf8' });
	assert.equal(security.status, 0, security.stdout + security.stderr);
});
