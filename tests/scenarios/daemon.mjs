// One real opsroomd with a folder of its own, a free port and a virtual clock; ended by its pid.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const freePort = () => new Promise((done, failed) => {
	const s = createServer().on('error', failed).listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => done(port));
	});
});

// Runs a program to its end.
function call(program, args) {
	return new Promise((done, failed) => {
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		let out = '', err = '';
		child.stdout.setEncoding('utf8').on('data', (d) => { out += d; });
		child.stderr.setEncoding('utf8').on('data', (d) => { err += d; });
		child.on('error', failed).on('close', (code) => done({ code, out, err }));
	});
}

// `time info event.name key=value key="two words"`
function logLine(line) {
	const fields = {};
	for (const [, key, plain, quoted] of line.matchAll(/ ([a-z_]+)=(?:([^" ]\S*)|("(?:[^"\\]|\\.)*"))/g)) fields[key] = plain ?? JSON.parse(quoted);
	return { event: line.split(' ')[2], fields, line };
}

export class Daemon {
	constructor(build, folder, { clock = '2026-03-02T02:00:00Z', config, sources, alerting, access } = {}) {
		this.program = join(build, 'opsroomd');
		this.data = join(folder, 'data');
		this.log = join(folder, 'log');
		this.args = ['--data', this.data, '--clock', clock, ...(config ? ['--config', config] : []), ...(sources ? ['--sources-dir', join(folder, 'sources')] : []),
			...(alerting ? ['--alerting', join(folder, 'alerting.yaml')] : []), ...(access ? ['--access', join(folder, 'access.yaml')] : [])];
		this.alerting = join(folder, 'alerting.yaml');
		this.access = join(folder, 'access.yaml');
		this.sources = join(folder, 'sources');
		this.made = {};
		this.host = '127.0.0.1';
		mkdirSync(this.sources, { recursive: true });
		if (alerting) this.putAlerting(alerting);
		if (access) this.putAccess(access);
	}

	// The log goes to a file: what was logged before an answer can be read once the answer is here.
	async start() {
		this.port ??= await freePort();
		const log = openSync(this.log, 'a');
		this.child = spawn(this.program, [...this.args, '--listen', `${this.host}:${this.port}`], { stdio: ['ignore', 'pipe', log] });
		closeSync(log);
		this.ended = new Promise((done) => this.child.once('exit', (code, signal) => done(signal ?? code)));
		await new Promise((ready, failed) => {
			let said = '';
			this.child.stdout.setEncoding('utf8').on('data', (d) => {
				said += d;
				if (said.includes('listening on')) ready();
			});
			this.child.once('error', failed);
			this.ended.then((how) => failed(new Error(`opsroomd ended with ${how}: ${readFileSync(this.log, 'utf8').trim()}`)));
		});
		this.admin = readFileSync(join(this.data, 'admin.token'), 'utf8').trim();
	}

	async end(signal) {
		this.child.kill(signal);
		await this.ended;
	}

	// Its alerting file.
	putAlerting(file) {
		copyFileSync(file, this.alerting);
	}

	putAccess(file) {
		copyFileSync(file, this.access);
	}

	// A file of its sources_dir; without `file` it is taken away.
	put(name, file) {
		if (file) copyFileSync(file, join(this.sources, name));
		else rmSync(join(this.sources, name));
	}

	// SIGHUP; answers when what it had read again is in force.
	async reload() {
		const count = () => this.logged().filter((l) => l.event === 'daemon.reload').length;
		const before = count();
		this.child.kill('SIGHUP');
		while (count() === before) await this.request('/healthz');
		await this.settle();
	}

	async provision(file) {
		const { code, out, err } = await call(this.program, ['provision', '--data', this.data, '--listen', `${this.host}:${this.port}`, file]);
		if (code === 0)
			for (const [kind, entries] of Object.entries(JSON.parse(out)))
				for (const [name, entry] of Object.entries(entries)) this.made[`${kind}.${name}`] = { ...this.made[`${kind}.${name}`], ...entry };
		return { code, text: out + err };
	}

	// {source.prod} and its kin: the path of a source, of a webhook, of an Alertmanager API; a key, a token, an id.
	fill(text) {
		const paths = { source: ['sources', 'url'], api: ['sources', 'api_url'], key: ['sources', 'key'], webhook: ['webhooks', 'url'], token: ['tokens', 'token'],
			user: ['users', 'id'], channel: ['channels', 'id'], remembered: ['remembered', 'value'] };
		return text.replace(/\{([a-z]+)\.([\w-]+)\}/g, (whole, kind, name) => {
			const { auth } = this.made[`sources.${name}`] ?? {};
			const value = kind === 'secret' ? auth?.secret ?? auth?.token : paths[kind] && this.made[`${paths[kind][0]}.${name}`]?.[paths[kind][1]];
			if (!value) throw new Error(`${whole}: nothing of this name was provisioned or remembered`);
			return /^https?:/.test(value) ? new URL(value).pathname : value;
		});
	}

	async request(path, { method = 'GET', headers = {}, body } = {}) {
		const r = await fetch(`http://${this.host}:${this.port}${path}`, { method, headers, body }).catch((e) => {
			throw new Error(`the daemon does not answer: ${e.cause?.message ?? e.message}`);
		});
		return { status: r.status, headers: r.headers, text: await r.text() };
	}

	// Ours, as the admin; what is not 2xx is an error.
	async api(path, body) {
		const { status, text } = await this.request(path, { method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
			headers: { authorization: `Bearer ${this.admin}`, ...(body && { 'content-type': 'application/json' }) } });
		if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
		return JSON.parse(text);
	}

	advance(by) {
		return this.api('/v1/advance', { by });
	}

	// Answers when all that is due has happened; the clock stands still.
	settle() {
		return this.advance('0s');
	}

	async metrics() {
		const { text } = await this.request('/metrics');
		return Object.fromEntries([...text.matchAll(/^opsroom_(\S+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
	}

	logged() {
		return readFileSync(this.log, 'utf8').split('\n').filter(Boolean).map(logLine);
	}

	// The messages of a channel, oldest first, each with the replies in its thread behind it.
	async history(channel) {
		const answer = await this.api('/api/conversations.history', { channel: `#${channel}`, limit: 200 });
		if (!answer.ok) throw new Error(`#${channel}: ${answer.error}`);
		const { members } = await this.api('/api/users.list', {});
		const names = Object.fromEntries(members.map((m) => [m.id, m.name]));
		const messages = [];
		for (const m of answer.messages.reverse()) {
			if (messages.some((told) => told.ts === m.ts)) continue; // a reply that the channel sees too
			messages.push(m);
			if (m.reply_count) messages.push(...(await this.api('/api/conversations.replies', { channel: `#${channel}`, ts: m.ts })).messages.slice(1));
		}
		return { messages, names };
	}
}
