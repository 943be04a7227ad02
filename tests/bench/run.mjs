// run.mjs [alerts|http|fan|posts|socket|commands|storm|sources|access|runner ...] -- measures opsroomd beside its peers, in turn, in the same run: what counts is the ratio.
//
// Loopback only and bounded. ROUNDS=3 rounds, SECONDS_EACH=2 a measurement; the median round is printed.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const WebSocket = createRequire(new URL('../package.json', import.meta.url))('ws');
const rounds = Number(process.env.ROUNDS || 3), seconds = Number(process.env.SECONDS_EACH || 2);
const streams = Number(process.env.STREAMS || 5000), listeners = Number(process.env.LISTENERS || 1000), command_rate = 1000, envelope_rate = 200;
const dir = mkdtempSync(join(tmpdir(), 'opsroom-bench-'));
const children = new Set();
let launched = 0;

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const column = (rows, i) => median(rows.map((row) => row[i]));
const build = (name) => join('build/tests', name);
const free_port = () => new Promise((resolve) => {
	const s = createServer().listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => resolve(port));
	});
});
const rss_mb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function launch(program, args, port, path) {
	const began = performance.now();
	const child = spawn(program, args, { stdio: 'ignore' });

	children.add(child);
	child.on('exit', () => children.delete(child));
	for (let i = 0; i < 2000; i++) {
		if (await fetch(`http://127.0.0.1:${port}${path}`).then((r) => r.ok, () => false))
			return { child, port, ms: performance.now() - began };
		await new Promise((r) => setTimeout(r, 5));
	}
	throw new Error(`${program} never became ready`);
}

async function ours(data = join(dir, `data${launched++}`)) {
	const port = await free_port();
	return { data, ...await launch('build/opsroomd', ['--data', data, '--listen', `127.0.0.1:${port}`, '--log-level', 'error'], port, '/readyz') };
}

async function alertmanager() {
	const port = await free_port(), config = join(dir, 'alertmanager.yml');

	writeFileSync(config, 'route: {receiver: a, group_by: [alertname]}\nreceivers: [{name: a}]\n');
	return launch('prometheus-alertmanager', [`--config.file=${config}`, `--storage.path=${join(dir, `am${launched++}`)}`,
		`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='], port, '/-/ready');
}

async function bare() {
	const port = await free_port();
	return launch(build('fan'), ['serve', String(port)], port, '/');
}

async function nginx() {
	const port = await free_port(), prefix = join(dir, `nginx${launched++}`);

	mkdirSync(prefix);
	writeFileSync(join(prefix, 'nginx.conf'), `daemon off; worker_processes 1; pid ${prefix}/pid; error_log ${prefix}/error.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ${prefix}/b; proxy_temp_path ${prefix}/p; fastcgi_temp_path ${prefix}/f;
uwsgi_temp_path ${prefix}/u; scgi_temp_path ${prefix}/s; server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "ok"; } } }\n`);
	return launch('nginx', ['-p', prefix, '-c', join(prefix, 'nginx.conf')], port, '/');
}

function end(...servers) {
	for (const { child } of servers)
		child.kill('SIGTERM');
}

function wrk(url, connections, script = 'get.lua', more = {}) {
	const out = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(here, script), url],
		{ encoding: 'utf8', env: { ...process.env, TAG: `t${process.hrtime.bigint()}`, ...more } });
	const [, rate, p50, p99, errors] = /RESULT (\S+) (\S+) (\S+) (\S+)/.exec(out).map(Number);
	return { rate, p50, p99, errors };
}

function provision(data) {
	const file = join(dir, 'provision.yaml');

	writeFileSync(file, 'users: [{name: ann, email: ann@example.com, password: "correct horse battery", role: admin}, {name: eve}]\n'
		+ 'channels: [{name: busy, members: [ann]}, {name: quiet, members: [eve]}]\ntokens: [{name: kit, user: ann, scopes: admin}, {name: ear, user: eve}]\n');
	const made = JSON.parse(execFileSync('build/opsroomd', ['provision', '--data', data, file], { encoding: 'utf8' }));
	return { token: made.tokens.kit.token, elsewhere: made.tokens.ear.token, channel: made.channels.busy.id };
}

const row = (name, ...cells) => console.log(name.padEnd(46), ...cells);

/* ---- alerts in, beside Alertmanager (which keeps them in memory; ours are on disk when they are answered) ---- */

async function alerts() {
	const cases = [['repeat.lua', 1, 16], ['repeat.lua', 50, 16], ['new.lua', 1, 16], ['new.lua', 1, 256], ['new.lua', 50, 16], ['new.lua', 50, 256]];
	const results = cases.map(() => []), starts = [];

	for (let round = 0; round < rounds; round++) {
		const a = await ours(), b = await alertmanager();

		starts.push([a.ms, rss_mb(a.child.pid), b.ms, rss_mb(b.child.pid)]);
		cases.forEach(([script, batch, connections], i) => {
			const [x, y] = [a, b].map(({ port }) => wrk(`http://127.0.0.1:${port}/api/v2/alerts`, connections, script, { BATCH: String(batch) }));
			results[i].push([x.rate, y.rate, x.rate / y.rate, x.p99, x.errors]);
		});
		end(a, b);
	}
	row('start to ready, a new data directory', `${column(starts, 0).toFixed(0)} ms`, `(Alertmanager ${column(starts, 2).toFixed(0)} ms)`);
	row('idle memory', `${column(starts, 1).toFixed(1)} MB`, `(Alertmanager ${column(starts, 3).toFixed(1)} MB)`);
	cases.forEach(([script, batch, connections], i) => {
		const r = results[i];
		row(`${script.slice(0, -4)} alerts, ${batch} a request, ${connections} connections`, `${column(r, 0).toFixed(0).padStart(8)}/s`,
			`Alertmanager ${column(r, 1).toFixed(0).padStart(6)}/s`, `ratio ${column(r, 2).toFixed(2)}`, `p99 ${column(r, 3).toFixed(1)} ms`, `errors ${column(r, 4)}`);
	});
}

/* ---- plain HTTP, beside nginx and bare epoll ---- */

async function http() {
	const results = [];

	for (let round = 0; round < rounds; round++) {
		const servers = [await ours(), await nginx(), await bare()];
		results.push(servers.map(({ port }, i) => wrk(`http://127.0.0.1:${port}/${i ? '' : 'healthz'}`, 64).rate));
		end(...servers);
	}
	row('GET, 64 connections', `${column(results, 0).toFixed(0).padStart(8)}/s`, `nginx ${column(results, 1).toFixed(0)}/s  bare epoll ${column(results, 2).toFixed(0)}/s`,
		`ratio ${median(results.map((r) => r[0] / r[1])).toFixed(2)} of nginx, ${median(results.map((r) => r[0] / r[2])).toFixed(2)} of bare`);
}

/* ---- one message to many streams, beside bare epoll ---- */

function fan_clients(server, path, body, headers) {
	const file = join(dir, 'request');

	writeFileSync(file, [`POST ${path.post} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
	const out = execFileSync(build('fan'), ['clients', String(server.port), path.stream, String(streams), '15', String(server.child.pid), file], { encoding: 'utf8' });
	return /ms=(\S+) kib=(\S+)/.exec(out).slice(1).map(Number);
}

async function fan() {
	const results = [];

	for (let round = 0; round < rounds; round++) {
		const data = join(dir, `data${launched++}`);
		const { token, channel } = provision(data);
		const a = await ours(data), b = await bare();
		const text = 'MARKMARK ' + 'x'.repeat(150);
		const x = fan_clients(a, { stream: `/stream?token=${token}`, post: '/api/chat.postMessage' }, JSON.stringify({ channel, text }),
			[`Authorization: Bearer ${token}`, 'Content-Type: application/json; charset=utf-8']);
		const event = JSON.stringify({ type: 'event', channel, seq: 1, event: { type: 'message', user: 'U00000000', text, ts: '1700000000.000100', team: 'T0', channel } });
		const y = fan_clients(b, { stream: '/stream', post: '/' }, event, []);

		results.push([...x, ...y, x[0] / y[0]]);
		end(a, b);
	}
	row(`one message to ${streams} streams`, `${column(results, 0).toFixed(1)} ms`, `bare epoll ${column(results, 2).toFixed(1)} ms`, `ratio ${column(results, 4).toFixed(2)}`);
	row('memory of an idle stream', `${column(results, 1).toFixed(2)} KiB`);
}

/* ---- messages posted while many listen, on disk when they are answered; beside bare epoll, which keeps nothing and writes each message to each ---- */

async function listen(port, path) {
	const child = spawn(build('fan'), ['listen', String(port), path, String(listeners)], { stdio: ['pipe', 'pipe', 'inherit'] });
	let out = '';

	children.add(child);
	const gone = new Promise((r) => child.once('exit', r));
	await new Promise((r) => child.stdout.on('data', (d) => { out += d; if (out.includes('OPEN')) r(); }));
	return async () => {
		child.stdin.end();
		await gone;
		children.delete(child);
		return /messages=(\d+) least=(\d+) cut=(\d+)/.exec(out).slice(1).map(Number);
	};
}

async function one_of_posts(server, stream, more) {
	const over = await listen(server.port, stream);
	const { rate, p50, p99, errors } = wrk(`http://127.0.0.1:${server.port}`, 64, 'post.lua', more);
	const [messages, , cut] = await over();

	return [rate, p50, p99, errors, messages / seconds, cut];
}

async function posts() {
	const results = { elsewhere: [], there: [], bare: [] };

	for (let round = 0; round < rounds; round++) {
		const data = join(dir, `data${launched++}`);
		const { token, elsewhere, channel } = provision(data);
		const a = await ours(data), b = await bare();

		results.elsewhere.push(await one_of_posts(a, `/stream?token=${elsewhere}`, { TOKEN: token, CHANNEL: channel }));
		results.there.push(await one_of_posts(a, `/stream?token=${token}`, { TOKEN: token, CHANNEL: channel }));
		results.bare.push(await one_of_posts(b, '/stream', { CHANNEL: channel }));
		end(a, b);
	}
	for (const [name, r] of [['elsewhere', results.elsewhere], ['in the channel', results.there]])
		row(`chat.postMessage, 64 connections, ${listeners} ${name}`, `${column(r, 0).toFixed(0).padStart(8)}/s`, `p50 ${column(r, 1).toFixed(1)} ms  p99 ${column(r, 2).toFixed(1)} ms`,
			`errors ${column(r, 3)}  cut off ${column(r, 5)}`, ...(name === 'elsewhere' ? [] : [`${(column(r, 4) / 1e6).toFixed(2)} million messages/s`]));
	row('  bare epoll, in the channel', `${column(results.bare, 0).toFixed(0).padStart(8)}/s`,
		`ratio ${median(results.there.map((r, i) => r[0] / results.bare[i][0])).toFixed(2)}`);
}

/* ---- an app by Socket Mode: what it hears, and how long a person waits for its answer, its acknowledgement among it ---- */

async function by_socket(port, token) {
	const call = async (path, body, bearer = token) => (await fetch(`http://127.0.0.1:${port}${path}`,
		{ method: 'POST', headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) })).json();
	const app = await call('/v1/apps', { name: 'quick', manifest: { features: { slash_commands: [{ command: '/quick' }] },
		settings: { socket_mode_enabled: true, event_subscriptions: { bot_events: ['message.channels'] } } } });
	const ws = new WebSocket((await call('/api/apps.connections.open', {}, app.app_token)).url), heard = new Map();

	ws.on('message', (raw) => {
		const m = JSON.parse(raw);
		if (m.envelope_id)
			ws.send(JSON.stringify({ envelope_id: m.envelope_id, ...(m.accepts_response_payload ? { payload: { text: 'ok' } } : {}) }));
		if (m.type === 'events_api')
			heard.set(m.payload.event.text, performance.now());
	});
	await new Promise((r) => ws.once('message', r));
	return { call, app, ws, heard };
}

async function socket() {
	const results = [];

	for (let round = 0; round < rounds; round++) {
		const data = join(dir, `data${launched++}`);
		const { token, channel } = provision(data);
		const a = await ours(data), agent = new Agent({ keepAlive: true, maxSockets: 64 });
		const { call, app, ws, heard } = await by_socket(a.port, token), sent = new Map();

		await call('/api/conversations.join', { channel }, app.bot_token);
		const commands = await steadily(envelope_rate, () => one_command(a.port, token, channel, agent, '/quick'));
		await steadily(envelope_rate, (i) => {
			sent.set(`event ${i}`, performance.now());
			return one_call(a.port, token, '/api/chat.postMessage', { channel, text: `event ${i}` }, agent);
		});
		await told(a.port);
		const late = [...sent].map(([text, at]) => heard.get(text) - at);
		results.push([...quantiles(commands), ...quantiles(late)]);
		ws.terminate();
		agent.destroy();
		end(a);
	}
	row(`Socket Mode, ${envelope_rate}/s: an app's command and its answer`, `p50 ${column(results, 0).toFixed(2)} ms  p99 ${column(results, 1).toFixed(2)} ms`);
	row('  from posting a message to the app', `p50 ${column(results, 2).toFixed(2)} ms  p99 ${column(results, 3).toFixed(2)} ms`);
}

/* ---- slash commands at a steady rate ---- */

const quantiles = (times) => {
	const sorted = [...times].sort((x, y) => x - y);
	return [sorted[sorted.length >> 1], sorted[Math.floor(sorted.length * 0.99)]];
};

// What is due by now is sent now, however long the last answers take; the time of each.
async function steadily(rate, one) {
	const total = rate * seconds, sent = [];

	for (let i = 0; i < Math.min(rate, 500); i++) // connections are made and the client is warm before it counts
		await one(`warm ${i}`);
	const began = performance.now();

	while (sent.length < total) {
		const due = Math.min(total, Math.floor((performance.now() - began) * rate / 1000));
		while (sent.length < due)
			sent.push(one(sent.length));
		await new Promise((r) => setImmediate(r));
	}
	const times = await Promise.all(sent);
	return Object.assign(times, { rate: total * 1000 / (performance.now() - began) });
}

const one_command = (port, token, channel, agent, command = '/srebot') => one_call(port, token, '/api/chat.command', { channel, command, text: 'whoami' }, agent);

function one_call(port, token, path, args, agent) {
	const body = new URLSearchParams(args).toString(), began = performance.now();

	return new Promise((resolve, reject) => {
		request({ port, host: '127.0.0.1', path, method: 'POST', agent,
			headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length } }, (r) => {
			let text = '';
			r.setEncoding('utf8').on('data', (d) => { text += d; }).on('end', () => (text.startsWith('{"ok":true') ? resolve(performance.now() - began) : reject(new Error(text))));
		}).on('error', reject).end(body);
	});
}

async function commands() {
	const results = [];

	for (let round = 0; round < rounds; round++) {
		const data = join(dir, `data${launched++}`);
		const { token, channel } = provision(data);
		const a = await ours(data), agent = new Agent({ keepAlive: true, maxSockets: 64 });
		const times = await steadily(command_rate, () => one_command(a.port, token, channel, agent));

		results.push([...quantiles(times), times.rate]);
		agent.destroy();
		end(a);
	}
	row('slash commands, answered durably', `${column(results, 2).toFixed(0)}/s`, `p50 ${column(results, 0).toFixed(2)} ms  p99 ${column(results, 1).toFixed(2)} ms`);
}

/* ---- a storm: 100,000 alerts in 10,000 groups ---- */

const storm_alert = (n) => ({
	labels: { alertname: `Storm${n % 10000}`, severity: 'warning', instance: `node-${n}.eu-west-1.example.net:9100`, job: 'node', cluster: 'prod', team: 'infra' },
	annotations: { summary: 'CPU above 90 % for 5 minutes', description: 'Load is high; see the dashboard.', runbook_url: 'https://runbooks.example.net/HighCPU' },
	startsAt: '2026-11-21T08:00:00.123Z', endsAt: '2036-11-21T08:00:00Z', generatorURL: 'http://prometheus.example.net:9090/graph?g0.expr=node_load1',
});

async function told(port) { // until no message waits to leave
	for (let i = 0; i < 600; i++) {
		const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
		if (/^opsroom_outbox_waiting 0$/m.test(text))
			return;
		await new Promise((r) => setTimeout(r, 100));
	}
	throw new Error('the outbox never got empty');
}

async function timed(url, headers = {}) {
	const began = performance.now();
	await (await fetch(url, { headers })).arrayBuffer();
	return performance.now() - began;
}

async function storm() {
	const data = join(dir, `data${launched++}`), { token } = provision(data), a = await ours(data);
	const url = `http://127.0.0.1:${a.port}`, bearer = { Authorization: `Bearer ${token}` };

	for (let i = 0; i < 100000; i += 500) {
		const body = JSON.stringify(Array.from({ length: 500 }, (_, k) => storm_alert(i + k)));
		const r = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
		if (!r.ok)
			throw new Error(await r.text());
	}
	await told(a.port);
	row('100,000 alerts in 10,000 groups, memory', `${rss_mb(a.child.pid).toFixed(0)} MB`);
	const lists = [], filtered = [];
	for (let i = 0; i < 9; i++) {
		lists.push(await timed(`${url}/v1/alerts?limit=100`, bearer));
		filtered.push(await timed(`${url}/api/v2/alerts?filter=${encodeURIComponent('instance="node-77.eu-west-1.example.net:9100"')}`));
	}
	row('  listing 100 groups, one alert by a filter', `${median(lists).toFixed(1)} ms  ${median(filtered).toFixed(1)} ms`);
	const gone = new Promise((r) => a.child.once('exit', r));
	end(a);
	await gone;
	const again = await ours(data);
	row('  restart to ready', `${again.ms.toFixed(0)} ms`);
	end(again);
}

/* ---- what the programs of sources read ---- */

async function sources() {
	for (const tool of readdirSync('integrations/sources').map((f) => f.slice(0, -5)).sort()) {
		const folder = join('tests/payloads', tool);
		const cases = readdirSync(folder).filter((f) => f.endsWith('.expected.json')).map((f) => {
			const { accept, request = {} } = JSON.parse(readFileSync(join(folder, f), 'utf8')), stem = f.slice(0, -'expected.json'.length);
			const [name, value] = Object.entries(request.headers ?? {})[0] ?? [];
			return { accept, args: [request.content_type ?? 'application/json', name ? `${name.toLowerCase()}: ${value}` : '',
				join(folder, request.body_file ?? readdirSync(folder).find((other) => other.startsWith(stem) && other !== f))] };
		}).filter((c) => c.accept);
		const out = execFileSync(build('sources'), [tool, ...cases.slice(0, 60).flatMap((c) => c.args)], { encoding: 'utf8' });
		const [, events, us] = /events=(\d+) us=(\S+)/.exec(out);
		row(`source ${tool}`, `${events.padStart(8)} events/s`, `${us} us a body`);
	}
}

/* ---- what a decision of the access rules takes, with 1,000 commands and 1,000 rules ---- */

async function access() {
	const out = execFileSync(build('access'), { encoding: 'utf8' });
	const [, line, line_p99, per_s] = /LINE us=(\S+) p99=(\S+) per_s=(\S+)/.exec(out);
	row('a line of 1,000 commands: read and decided', `${line.padStart(8)} us`, `p99 ${line_p99} us  ${per_s}/s`);
	for (const [, kind, us, p99] of out.matchAll(/ACCESS (\S+) us=(\S+) p99=(\S+)/g))
		row(`access, rules for ${{ own: 'a command each', plugin: 'plugins', all: 'every command' }[kind]}`, `${us.padStart(8)} us`, `p99 ${p99} us`);
}

/* ---- what the runner adds to a plugin's program ---- */

async function runner() {
	for (const mode of [[], ['off']]) {
		const out = execFileSync(build('runner'), ['300', ...mode], { encoding: 'utf8' });
		const ms = Object.fromEntries([...out.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, Number(value)]));
		row(`  ${mode.length ? 'without a sandbox' : 'in the sandbox'}: over a plain program`, `${(ms.exec - ms.plain).toFixed(2)} ms`);
		row('  a program that serves: over a pipe', `${(ms.serve - ms.pipe).toFixed(3)} ms`);
		row('  16 at once, each', `${ms.each.toFixed(2)} ms`);
	}
}

const all = { alerts, http, fan, posts, socket, commands, storm, sources, access, runner };
try {
	execFileSync('ninja', ['-C', 'build', 'tests/fan', 'tests/sources', 'tests/access', 'tests/runner'], { stdio: 'ignore' });
	for (const name of process.argv.slice(2).length ? process.argv.slice(2) : Object.keys(all))
		await all[name]();
} finally {
	for (const child of children)
		child.kill('SIGKILL');
	rmSync(dir, { recursive: true, force: true });
}
