// Debian's Prometheus: /srebot graph and the graph in an alert's thread, what it says when it cannot, and who may see the picture.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { free_port, missing } from './counterparts.mjs';
import { daemon, until } from './daemon.mjs';

const skip = missing('prometheus', 'prometheus');
const secret = 'open sesame';
let dir, prometheus, port, d;

before(async () => {
	if (skip)
		return;
	dir = mkdtempSync(join(tmpdir(), 'opsroom-graph-'));
	port = await free_port();
	d = await daemon(['--prometheus-url', `http://127.0.0.1:${port}`]);
	writeFileSync(join(dir, 'rules.yml'), `groups: [{name: g, interval: 1s, rules: [{alert: TooFewGoroutines, expr: 'go_goroutines{job="self"} < 100000', labels: {severity: page}}]}]\n`);
	writeFileSync(join(dir, 'prometheus.yml'), `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:${port}']}]}]
rule_files: [${join(dir, 'rules.yml')}]
alerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(d.url).host}']}], authorization: {credentials: '${d.made.sources.prod.key}'}}]}
`);
	prometheus = spawn('prometheus', [`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'tsdb')}`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
	await until(async () => {
		const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent('count_over_time(up[1m])')}`).catch(() => null);
		return answer?.ok && Number((await answer.json()).data.result[0]?.value[1]) >= 3; // while it starts it says 503, and not in JSON
	}, 'Prometheus has scraped itself three times', 60000);
});

after(async () => {
	prometheus?.kill('SIGTERM');
	await d?.stop();
	if (dir)
		rmSync(dir, { recursive: true, force: true });
});

const channel = (on, name) => on.made.channels[name].id;
const slash = (on, text, more = {}) => on.api('/api/chat.command', { body: { channel: channel(on, 'ops'), command: '/srebot', text, ...more } });
const history = async (on, name = 'ops') => (await on.api(`/api/conversations.history?channel=${channel(on, name)}&limit=100`)).messages;
const replies = async (on, name, ts) => (await on.api(`/api/conversations.replies?channel=${channel(on, name)}&ts=${ts}`)).messages.slice(1);
const shown = (on, what, name) => until(async () => (await history(on, name)).find((m) => m.text.includes(what)), `a message with ${what}`, 30000);
const bytes = async (on, url, headers = { authorization: `Bearer ${on.token}` }) => {
	const answer = await fetch(url, { headers });
	return { answer, body: Buffer.from(await answer.arrayBuffer()) };
};

// A PNG of 8 bits a channel to its colours: how many pixels have each.
function colours(png) {
	assert.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
	const width = png.readUInt32BE(16), height = png.readUInt32BE(20), channels = { 2: 3, 6: 4 }[png[25]];
	const data = [];
	assert.equal(png[24], 8);
	for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
		if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
			data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
	const raw = inflateSync(Buffer.concat(data)), row = width * channels, count = new Map();
	const paeth = (a, b, c) => {
		const p = a + b - c, pa = Math.abs(p - a), pb = Math.abs(p - b), pc = Math.abs(p - c);
		return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
	};
	let above = new Uint8Array(row);
	for (let y = 0; y < height; y++) {
		const kind = raw[y * (row + 1)], line = new Uint8Array(raw.subarray(y * (row + 1) + 1, (y + 1) * (row + 1)));
		for (let i = 0; i < row; i++) {
			const left = i >= channels ? line[i - channels] : 0, corner = i >= channels ? above[i - channels] : 0;
			line[i] += [0, left, above[i], (left + above[i]) >> 1, paeth(left, above[i], corner)][kind];
		}
		for (let i = 0; i < row; i += channels) {
			const colour = (line[i] << 16) | (line[i + 1] << 8) | line[i + 2];
			count.set(colour, (count.get(colour) ?? 0) + 1);
		}
		above = line;
	}
	return { width, height, count };
}

// Blue as the first line is, give or take what smoothing does to it.
const blue_pixels = (count) => [...count].filter(([c]) => Math.abs((c >> 16) - 0x2f) < 40 && Math.abs(((c >> 8) & 255) - 0x6f) < 40 && Math.abs((c & 255) - 0xb7) < 40)
	.reduce((sum, [, n]) => sum + n, 0);
const red_pixels = (count) => [...count].filter(([c]) => (c >> 16) > 170 && ((c >> 8) & 255) < 80 && (c & 255) < 80).reduce((sum, [, n]) => sum + n, 0);

test('/srebot graph brings a picture into the channel', { skip }, async () => {
	const { ok, response } = await slash(d, 'graph up 5m');
	assert.equal(ok, true);
	assert.equal(response.response_type, 'ephemeral');
	assert.match(response.text, /^Drawing the last 5 min of `up`/);
	const message = await shown(d, '`up`  ·  the last 5 min  ·  for ann');
	const [file] = message.files;
	assert.equal(message.files.length, 1);
	assert.deepEqual({ name: file.name, title: file.title, mimetype: file.mimetype, filetype: file.filetype, mode: file.mode, is_external: file.is_external, w: file.original_w, h: file.original_h },
		{ name: 'graph.png', title: 'Graph of up, the last 5 min', mimetype: 'image/png', filetype: 'png', mode: 'hosted', is_external: false, w: 800, h: 300 });
	assert.match(file.id, /^F[0-9A-V]+$/);
	assert.equal(file.url_private, `${d.url}/files/${file.id}/graph.png`);
	const { answer, body } = await bytes(d, file.url_private);
	assert.equal(answer.status, 200);
	assert.equal(answer.headers.get('content-type'), 'image/png');
	assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
	assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin');
	assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/);
	assert.match(answer.headers.get('content-disposition'), /^inline; filename="graph\.png"/);
	assert.equal(body.length, file.size);
	const { width, height, count } = colours(body);
	assert.deepEqual([width, height], [800, 300]);
	assert.ok(blue_pixels(count) > 4, `there is a line: ${blue_pixels(count)} pixels`);
	assert.equal(red_pixels(count), 0);
	const saved = await bytes(d, file.url_private_download);
	assert.match(saved.answer.headers.get('content-disposition'), /^attachment/);
	assert.ok(saved.body.equals(body));
});

test('an expression is taken as it was typed, its quotes too', { skip }, async () => {
	for (const [typed, expr, span] of [
		['graph sum by (job) (rate(prometheus_http_requests_total{job="self", code=~"2.."}[1m])) 10m', 'sum by (job) (rate(prometheus_http_requests_total{job="self", code=~"2.."}[1m]))', '10 min'],
		['graph "up{job=\'self\'} > 0" 7m', "up{job='self'} &gt; 0", '7 min'],
		['graph up &gt; 0 8m', 'up &gt; 0', '8 min'],
		['graph up offset 9m', 'up offset 9m', '6 h'],
		['graph `up` 11m', 'up', '11 min'],
		['graph up{job=“self”} 12m', 'up{job="self"}', '12 min'],
	]) {
		assert.equal((await slash(d, typed)).ok, true);
		const text = `\`${expr}\`  ·  the last ${span}  ·  for ann`;
		await until(async () => (await history(d)).some((m) => m.text === text || m.text.startsWith(`:warning: No graph of \`${expr}\`: it has no data in the last ${span}`)), text);
	}
});

test('said to @srebot in a thread, it comes into that thread', { skip }, async () => {
	const { ts } = await d.api('/api/chat.postMessage', { body: { channel: channel(d, 'ops'), text: 'what is wrong?' } });
	await d.api('/api/chat.postMessage', { body: { channel: channel(d, 'ops'), thread_ts: ts, text: `<@${d.made.users?.srebot?.id ?? (await history(d)).find((m) => m.bot_id).user}> graph up &lt;= 1 5m` } });
	const found = await until(async () => (await replies(d, 'ops', ts)).find((m) => m.files), 'a picture in the thread', 30000);
	assert.equal(found.text, '`up &lt;= 1`  ·  the last 5 min  ·  for ann');
});

test('a wrong expression: the words are those of Prometheus', { skip }, async () => {
	await slash(d, 'graph up{ 5m');
	const { text, files } = await shown(d, 'No graph of `up{`');
	assert.match(text, /Prometheus says: .*parse error: unexpected end of input/);
	assert.equal(files, undefined);
	await slash(d, 'graph nothing_of_that_name 5m');
	assert.match((await shown(d, 'nothing_of_that_name')).text, /it has no data in the last 5 min/);
});

test('what cannot be is said at once', { skip }, async () => {
	const error = async (text, more) => (await slash(d, text, more)).response.text;
	assert.match(await error('graph up 31d'), /the time is from 5m to 30d/);
	assert.match(await error('graph up 4m'), /the time is from 5m to 30d/);
	const { channel: attic } = await d.api('/api/conversations.create', { body: { name: 'attic' } });
	assert.match(await error('graph'), /expression is missing\. Usage: `graph <expression\.\.\.>`/);
	const asVic = (body) => d.api('/api/chat.command', { body: { command: '/srebot', ...body }, token: d.made.tokens.look.token });
	assert.match((await asVic({ channel: attic.id, text: 'graph up' })).response.text, /not in this channel/);
	assert.equal((await asVic({ channel: channel(d, 'ops'), text: 'graph up 13m' })).ok, true);
	await shown(d, 'the last 13 min  ·  for vic');
	const outside = await d.api('/v1/commands', { body: { line: 'graph up' } });
	assert.match(outside.detail, /a graph is posted into a channel/);
	const reader = await d.api('/v1/tokens', { body: { name: 'reader', scopes: 'read' } });
	const asReader = await d.api('/v1/commands', { body: { line: 'graph up', channel: channel(d, 'ops') }, token: reader.token });
	assert.match(asReader.detail, /needs a token with the scope write/);
});

test("an alert's thread gets a graph, once, with a line where it fires", { skip, timeout: 90000 }, async () => {
	const root = await until(async () => (await history(d, 'sre-alerts')).find((m) => m.text.includes('TooFewGoroutines')), 'the alert', 60000);
	const [reply] = await until(async () => { const all = await replies(d, 'sre-alerts', root.ts); return all.length && all; }, 'a reply in its thread', 30000);
	assert.equal(reply.text, '`go_goroutines{job="self"}`  ·  the last 6 h  ·  the alert compares it with 100000');
	const { count } = colours((await bytes(d, reply.files[0].url_private)).body);
	assert.ok(red_pixels(count) > 100, 'the limit is drawn');
	assert.equal((await replies(d, 'sre-alerts', root.ts)).length, 1);
});

test('who may not read the channel gets no picture', { skip }, async () => {
	const { channel: cellar } = await d.api('/api/conversations.create', { body: { name: 'cellar', is_private: true } });
	await d.api('/api/chat.command', { body: { channel: cellar.id, command: '/srebot', text: 'graph up 5m' } });
	const { files: [file] } = await until(async () => (await d.api(`/api/conversations.history?channel=${cellar.id}`)).messages.find((m) => m.files), 'the picture');
	const status = async (headers, url = file.url_private) => (await bytes(d, url, headers)).answer.status;
	assert.equal(await status({ authorization: `Bearer ${d.token}` }), 200);
	assert.equal(await status({ authorization: `Bearer ${d.made.tokens.look.token}` }), 404);
	assert.equal(await status({ authorization: 'Bearer xoxp-nobody' }), 401);
	assert.equal(await status({}), 401);
	assert.equal(await status({ authorization: `Bearer ${d.token}` }, `${d.url}/files/F00/graph.png`), 404);
	assert.equal(await status({ authorization: `Bearer ${d.token}` }, `${d.url}/files/../secret.key`), 404);
	// The browser's cookie is enough for a picture of ours, and not for one on another site's page.
	const login = await fetch(`${d.url}/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-opsroom': 'console' }, body: JSON.stringify({ user: 'ann', password: 'correct horse' }) });
	const cookie = login.headers.get('set-cookie').split(';')[0];
	assert.equal(await status({ cookie }), 200);
	assert.equal(await status({ cookie, 'sec-fetch-site': 'same-origin' }), 200);
	assert.equal(await status({ cookie, 'sec-fetch-site': 'same-site' }), 401);
	assert.equal(await status({ cookie, 'sec-fetch-site': 'cross-site' }), 401);
	assert.equal((await fetch(`${d.url}/v1/me`, { headers: { cookie } })).status, 401, 'for anything else it is not');
	const message = (await d.api(`/api/conversations.history?channel=${cellar.id}`)).messages.find((m) => m.files);
	const deleted = await fetch(`${d.url}/api/chat.delete`, { method: 'POST', headers: { cookie, 'x-opsroom': 'console', 'content-type': 'application/json' }, body: JSON.stringify({ channel: cellar.id, ts: message.ts }) });
	assert.equal((await deleted.json()).ok, true);
	assert.equal(await status({ authorization: `Bearer ${d.token}` }), 404, 'it goes with its message');
});

test('a restart keeps the picture', { skip }, async () => {
	const message = await shown(d, 'the last 5 min  ·  for ann');
	const before_it = (await bytes(d, message.files[0].url_private)).body;
	await d.kill();
	await d.restart();
	const again = await shown(d, 'the last 5 min  ·  for ann');
	assert.equal(again.files[0].id, message.files[0].id);
	assert.ok((await bytes(d, again.files[0].url_private)).body.equals(before_it));
	assert.deepEqual(readdirSync(join(d.data, 'files')).filter((name) => !/^\d{4}-\d\d-\d\d$/.test(name)), []);
});

// Prometheus' part is played where the real one cannot be made to: down, slow to start, behind a password, or no Prometheus at all.
async function pretender(answer) {
	const server = createServer(answer);
	await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
	return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}
const clock = ['--clock', '2026-03-02T02:00:00Z'];
const advance = (on, by) => on.api('/v1/advance', { body: { by }, token: on.adminToken() });
const one_point = (at) => JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [{ metric: { __name__: 'up' }, values: [[at, '1'], [at + 90, '0']] }] } });

test('Prometheus is down: asked for two minutes, then the channel is told', async () => {
	const nobody = await free_port();
	const on = await daemon(['--prometheus-url', `http://127.0.0.1:${nobody}`, ...clock]);
	try {
		await slash(on, 'graph up');
		await advance(on, '30s');
		assert.equal((await history(on)).some((m) => m.text.includes('No graph')), false);
		await advance(on, '90s');
		const found = (await history(on)).filter((m) => m.text.includes('No graph'));
		assert.equal(found.length, 1);
		assert.match(found[0].text, /^:warning: No graph of `up`: Prometheus does not answer \(.*connect/i);
		assert.match(on.log, /outbox\.retry .*Prometheus does not answer/);
	} finally {
		await on.stop();
	}
});

test('Prometheus comes back in time; the password in its address is used, and told nobody', async () => {
	let asked = 0, authorization, parameters;
	const peer = await pretender((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', (data) => { body += data; }).on('end', () => {
			({ authorization } = request.headers);
			parameters = new URLSearchParams(body);
			response.writeHead(++asked < 3 ? 503 : 200).end(asked < 3 ? 'Service Unavailable' : one_point(Number(parameters.get('end')) - 600));
		});
	});
	const address = peer.url.replace('//', `//reader:${encodeURIComponent(secret)}@`);
	const on = await daemon(['--prometheus-url', `${address}/`, '--log-level', 'debug', ...clock]);
	try {
		await slash(on, 'graph up 1h');
		await advance(on, '10s');
		assert.equal(asked, 3);
		assert.equal(authorization, `Basic ${Buffer.from(`reader:${secret}`).toString('base64')}`);
		assert.equal(parameters.get('query'), 'up');
		assert.equal(Number(parameters.get('end')) - Number(parameters.get('start')), 3600);
		assert.equal(Number(parameters.get('step')), 15);
		assert.equal((await history(on)).filter((m) => m.files).length, 1);
		assert.doesNotMatch(on.log, /sesame/);
	} finally {
		await on.stop();
		await peer.close();
	}
});

test('what is no Prometheus is told from one', async () => {
	const answers = { missing: [404, 'not found'], locked: [401, ''], page: [200, '<html>'], other: [302, ''], large: [200, 'x'.repeat(9 * 1024 * 1024)] };
	const peer = await pretender((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', (data) => { body += data; }).on('end', () => {
			const [status, text] = answers[new URLSearchParams(body).get('query')];
			response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(text);
		});
	});
	const on = await daemon(['--prometheus-url', peer.url, ...clock]);
	try {
		for (const query of Object.keys(answers))
			await slash(on, `graph ${query}`);
		await advance(on, '1s');
		const texts = (await history(on)).map((m) => m.text);
		for (const [query, why] of [['missing', 'what is at prometheus_url is no Prometheus (status 404)'], ['locked', 'Prometheus does not let opsroom in (status 401); see prometheus_url'],
			['page', 'what is at prometheus_url is no Prometheus (status 200)'], ['other', 'what is at prometheus_url is no Prometheus (status 302)'],
			['large', "Prometheus' answer has more than 8 MiB; ask for fewer series"]])
			assert.ok(texts.includes(`:warning: No graph of \`${query}\`: ${why}`), texts.join('\n'));
	} finally {
		await on.stop();
		await peer.close();
	}
});

test('alerts: the address in generatorURL is never asked, and 0s switches them off', async () => {
	let asked = 0;
	const peer = await pretender((request, response) => {
		asked++;
		response.end(one_point(1772416800));
	});
	const strange = await pretender((request, response) => {
		asked += 1000;
		response.end('{}');
	});
	const fire = (on, name) => fetch(`${on.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' },
		body: JSON.stringify([{ labels: { alertname: name }, generatorURL: `${strange.url}/graph?g0.expr=up+%3D%3D+0&g0.tab=1` }]) });
	const on = await daemon(['--prometheus-url', peer.url, ...clock]);
	const off = await daemon(['--prometheus-url', peer.url, '--alert-graphs', '0s', ...clock]);
	try {
		for (const each of [on, off]) {
			await fire(each, 'Down');
			await advance(each, '3s');
			await fire(each, 'Down');
			await advance(each, '3s');
		}
		assert.equal(asked, 1);
		const thread = async (each) => replies(each, 'sre-alerts', (await history(each, 'sre-alerts')).find((m) => m.text.includes('Down')).ts);
		assert.deepEqual((await thread(on)).map((m) => m.text), ['`up`  ·  the last 6 h  ·  the alert compares it with 0']);
		assert.deepEqual(await thread(off), []);
	} finally {
		await on.stop();
		await off.stop();
		await peer.close();
		await strange.close();
	}
});

test('without prometheus_url there are no graphs, and the command says so', async () => {
	const on = await daemon(clock);
	try {
		assert.match((await slash(on, 'graph up')).response.text, /does not know where Prometheus is.*prometheus_url/);
	} finally {
		await on.stop();
	}
});

test('killed while Prometheus thinks: the graph comes once after the restart', async () => {
	let asked = 0, seen;
	const first = new Promise((done) => { seen = done; });
	const peer = await pretender((request, response) => {
		if (++asked === 1)
			seen(); // and no answer
		else
			response.end(one_point(Math.floor(Date.now() / 1000) - 600));
	});
	const on = await daemon(['--prometheus-url', peer.url]);
	try {
		await slash(on, 'graph up 1h');
		await first;
		await on.kill();
		await on.restart();
		await shown(on, 'the last 1 h  ·  for ann');
		await slash(on, 'graph up 2h');
		await shown(on, 'the last 2 h  ·  for ann');
		assert.equal((await history(on)).filter((m) => m.files).length, 2);
		assert.equal(asked, 3);
	} finally {
		await on.stop();
		await peer.close();
	}
});

test('prometheus_url is read again at SIGHUP', async () => {
	const peer = await pretender((request, response) => { response.end(one_point(1772416800)); });
	const folder = mkdtempSync(join(tmpdir(), 'opsroom-graph-')), file = join(folder, 'opsroom.yaml');
	writeFileSync(file, 'log_level: info\n');
	const on = await daemon(['--config', file, ...clock]);
	try {
		assert.match((await slash(on, 'graph up')).response.text, /does not know where Prometheus is/);
		writeFileSync(file, `prometheus_url: ${peer.url}\n`);
		process.kill(on.pid, 'SIGHUP');
		await until(() => /daemon\.reload .*changed=.*prometheus_url/.test(on.log), 'it is read again');
		assert.match((await slash(on, 'graph up')).response.text, /^Drawing/);
		await advance(on, '1s');
		assert.equal((await history(on)).filter((m) => m.files).length, 1);
	} finally {
		await on.stop();
		await peer.close();
		rmSync(folder, { recursive: true, force: true });
	}
});
