// What the tests of opsroom(1) share: to run it, and a server that answers what a test says.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const build = process.env.OPSROOM_BUILD ?? join(root, 'build');
export const program = join(build, 'opsroom');

// A folder of the test's own, gone when it ends.
export function folder(t) {
	const path = mkdtempSync(join(tmpdir(), 'opsroom-cli-'));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

// Starts opsroom in an empty world: no configuration, no ./var, no variables but those given.
export function start(home, args, { env = {}, input = '', cwd = home, command = program } = {}) {
	const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, HOME: home, ...env } });
	const run = { child, out: '', err: '', waiting: [] };
	const tell = () => { run.waiting = run.waiting.filter((w) => !w()); };
	child.stdout.setEncoding('utf8').on('data', (d) => { run.out += d; tell(); });
	child.stderr.setEncoding('utf8').on('data', (d) => { run.err += d; tell(); });
	run.done = new Promise((done) => child.on('close', (code, signal) => {
		run.code = signal ?? code;
		done(run);
		tell();
	}));
	// Resolves when the pattern is in what it printed; rejects when it ended without it.
	run.prints = (pattern, stream = 'out') => new Promise((good, bad) => {
		const look = () => {
			if (pattern.test(run[stream])) good(run[stream]);
			else if (run.code !== undefined) bad(new Error(`ended (${run.code}) without ${pattern}:\n${run.out}\n${run.err}`));
			else return false;
			return true;
		};
		if (!look()) run.waiting.push(look);
	});
	child.stdin.on('error', () => {}); // it need not read
	if (input !== null) child.stdin.end(input); // null: the test writes it
	return run;
}

export const opsroom = (home, args, options) => start(home, args, options).done;
export const opsroomd = (home, args, options) => opsroom(home, args, { ...options, command: join(build, 'opsroomd') });

// A running opsroomd on a free port, with its data in HOME/data; it ends with the test. Signals are sent to .child.
export async function daemon(t, home, args = [], options) {
	const run = start(home, ['--data', join(home, 'data'), '--listen', '127.0.0.1:0', ...args], { ...options, command: join(build, 'opsroomd') });
	t.after(async () => {
		run.child.kill('SIGKILL');
		await run.done;
	});
	run.url = /listening on (\S+)/.exec(await run.prints(/listening on \S+\n/))[1];
	await run.prints(/ daemon\.start /, 'err');
	run.data = join(home, 'data');
	return run;
}

// A server on a free port. routes: {'GET /v1/status': answer}; an answer is a value (200, JSON), a function of the request that
// gives one, or {status, headers, text}. Requests are kept in .seen. Sockets of /stream go to onStream(socket, request).
export async function server(t, routes = {}, onStream) {
	const seen = [];
	const http = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => {
			const url = new URL(request.url, 'http://x');
			const r = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: request.headers, body };
			seen.push(r);
			let answer = routes[`${r.method} ${r.path}`];
			if (typeof answer === 'function') answer = answer(r);
			if (answer === undefined) answer = problem(404, 'not_found', `there is no ${r.path}`);
			const made = answer.text === undefined || answer.status === undefined ? { status: 200, headers: {}, text: JSON.stringify(answer) } : answer;
			response.writeHead(made.status, { 'content-type': 'application/json', ...made.headers });
			response.end(made.text);
		});
	});
	const streams = new WebSocketServer({ server: http, path: '/stream' });
	streams.on('connection', (socket, request) => onStream?.(socket, request));
	await new Promise((done) => http.listen(0, '127.0.0.1', done));
	t.after(() => {
		for (const socket of streams.clients) socket.terminate();
		http.closeAllConnections?.();
		http.close();
	});
	return { url: `http://127.0.0.1:${http.address().port}`, seen, streams };
}

export const problem = (status, code, detail, headers = {}) => ({
	status, headers: { 'content-type': 'application/problem+json', ...headers },
	text: JSON.stringify({ type: 'about:blank', title: code, status, code, detail }),
});
