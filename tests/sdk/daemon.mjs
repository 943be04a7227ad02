// One daemon with its own data folder on a free port, provisioned; ended by its pid.
import { spawn, execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const build = process.env.OPSROOM_BUILD ?? fileURLToPath(new URL('../../build', import.meta.url));
export const bin = join(build, 'opsroomd'), cli = join(build, 'opsroom');

const yaml = `users: [{name: ann, email: ann@example.com, password: "correct horse", role: admin}, {name: vic, role: viewer}]
channels: [{name: ops, members: [ann, vic]}, {name: sre-alerts, members: [ann]}]
sources: [{name: prod, tool: alertmanager, channel: sre-alerts}]
webhooks: [{name: ci, channel: ops}]
tokens: [{name: kit, user: ann}, {name: look, user: vic}]
`;

// data: where its data lies, if not in a folder of its own. provisionWith: options for `opsroomd provision` too.
export async function daemon(options = [], { data: given, provisionWith = [] } = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-test-'));
	const data = given ?? join(dir, 'data'), log = join(dir, 'log');
	let child, url, printed;
	const start = async (listen = '127.0.0.1:0') => {
		const err = openSync(log, 'a');
		child = spawn(bin, ['--data', data, '--listen', listen, ...options], { stdio: ['ignore', 'pipe', err] });
		closeSync(err);
		url = await new Promise((resolve, reject) => {
			printed = '';
			child.stdout.on('data', (d) => {
				printed += d;
				const m = /listening on (\S+)/.exec(printed);
				if (m) resolve(m[1]);
			});
			child.once('exit', (code) => reject(new Error(`opsroomd ended with ${code}: ${readFileSync(log, 'utf8')}`)));
		});
	};
	const ended = () => new Promise((resolve) => (child.exitCode !== null || child.signalCode ? resolve() : child.once('exit', resolve)));
	await start();
	const file = join(dir, 'provision.yaml');
	writeFileSync(file, yaml);
	const made = JSON.parse(execFileSync(bin, ['provision', ...provisionWith, '--data', data, file], { encoding: 'utf8' }));
	const self = {
		get url() { return url; },
		smtpPort: () => Number(/taking mail on smtp:\S+:(\d+)/.exec(printed)[1]),
		get pid() { return child.pid; },
		get log() { return readFileSync(log, 'utf8'); },
		data, made,
		token: made.tokens.kit.token,
		provisionAgain: () => JSON.parse(execFileSync(bin, ['provision', ...provisionWith, '--data', data, file], { encoding: 'utf8' })),
		async api(path, { body, token = made.tokens.kit.token, method = body === undefined ? 'GET' : 'POST' } = {}) {
			const r = await fetch(url + path, { method, body: body === undefined ? undefined : JSON.stringify(body), headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
			return r.json();
		},
		async kill() { const done = ended(); child.kill('SIGKILL'); await done; },
		async restart() { await start(new URL(url).host); },
		async stop() { const done = ended(); child.kill('SIGTERM'); await done; rmSync(dir, { recursive: true, force: true }); },
		adminToken: () => readFileSync(join(data, 'admin.token'), 'utf8').trim(),
	};
	return self;
}

// What must come true soon: asked again until it does; the last answer is shown when it does not.
export async function until(ask, what, ms = 15000) {
	const end = Date.now() + ms;
	let last;
	while (Date.now() < end) {
		last = await ask();
		if (last) return last;
		await new Promise((r) => setTimeout(r, 50));
	}
	throw new Error(`never came true: ${what}`);
}
