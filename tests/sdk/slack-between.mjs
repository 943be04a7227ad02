// Stands between the adapter and a Slack: passes everything on, writes down what the adapter asks, and breaks what a test wants broken.
// Every address that the Slack gives out is made to lead through here.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));
const WebSocket = require('ws');

export async function between(slackUrl) {
	const target = new URL(slackUrl), asked = [], frames = [], links = new Set(), plans = [];
	let self, deaf = false, down = false;
	const swap = (text) => text.replaceAll(slackUrl, self.url).replaceAll(slackUrl.replace('http', 'ws'), self.url.replace('http', 'ws')).replaceAll(slackUrl.replaceAll('/', '\\/'), self.url);
	const back = (text) => text.replaceAll(self.url, slackUrl);

	const server = createServer(async (req, res) => {
		const parts = [];
		for await (const p of req) parts.push(p);
		const body = Buffer.concat(parts), method = /^\/api\/([\w.]+)$/.exec(new URL(req.url, self.url).pathname)?.[1] ?? 'other';
		if (down) return req.socket.destroy();
		const one = { method, verb: req.method, path: req.url, headers: req.headers, body: body.toString(), at: Date.now() };
		const form = /x-www-form-urlencoded/.test(req.headers['content-type'] ?? '') ? new URLSearchParams(one.body) : undefined;
		one.args = form ? Object.fromEntries(form) : {};
		asked.push(one);
		const plan = plans.find((p) => p.method === method && p.times > 0 && (!p.when || p.when(one)));
		if (plan) {
			plan.times--;
			if (plan.before) return plan.before(req, res);
		}
		const headers = { ...req.headers, host: target.host };
		delete headers.connection;
		const answer = await fetch(new URL(req.url, slackUrl), { method: req.method, headers, body: body.length ? (form ? back(one.body) : body) : undefined, redirect: 'manual' }).catch(() => null);
		if (!answer) return req.socket.destroy();
		const text = swap(await answer.text());
		one.answer = text;
		if (plan?.after) return plan.after(req, res, text);
		const out = Object.fromEntries(answer.headers);
		for (const h of ['content-length', 'transfer-encoding', 'content-encoding', 'connection', 'keep-alive']) delete out[h];
		res.writeHead(answer.status, out).end(text);
	});
	const sockets = new WebSocket.WebSocketServer({ noServer: true, autoPong: false });
	server.on('upgrade', (req, socket, head) => {
		if (down) return socket.destroy();
		sockets.handleUpgrade(req, socket, head, (near) => {
			const far = new WebSocket(slackUrl.replace('http', 'ws') + req.url), link = { near, far, opened: Date.now() };
			links.add(link);
			near.on('ping', (d) => { if (!deaf) near.pong(d); });
			near.on('message', (m) => {
				const at = process.hrtime.bigint();
				if (deaf) return;
				frames.push({ out: true, at, ...JSON.parse(m) });
				far.send(m.toString());
			});
			far.on('message', (m) => {
				if (deaf) return;
				const text = swap(m.toString());
				frames.push({ out: false, at: process.hrtime.bigint(), ...JSON.parse(text) });
				near.send(text);
			});
			const end = () => { links.delete(link); near.terminate(); far.terminate(); };
			near.on('close', end).on('error', end);
			far.on('close', end).on('error', end);
		});
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	self = {
		url: `http://127.0.0.1:${server.address().port}`,
		asked, frames, links,
		calls: (method) => asked.filter((a) => a.method === method),
		// before(req, res): instead of passing it on. after(req, res, text): it was done there, and this is its answer.
		plan: (method, { times = 1, ...rest }) => { const p = { method, times, ...rest }; plans.push(p); return p; },
		say: (status, body, headers = {}) => (req, res) => res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)),
		hang: () => {},
		cut: (req) => req.socket.destroy(),
		send: (frame) => { for (const l of links) l.near.send(JSON.stringify(frame)); },
		// Nothing comes through any more, and nothing ends: a cable that was pulled.
		deafen: (on) => { deaf = on; },
		down: (on) => { down = on; if (on) for (const l of links) { l.near.terminate(); l.far.terminate(); } },
		close: () => { for (const l of links) { l.near.terminate(); l.far.terminate(); } server.closeAllConnections(); return new Promise((done) => server.close(done)); },
	};
	return self;
}
