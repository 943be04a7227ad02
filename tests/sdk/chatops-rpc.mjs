// A server of Chatops RPC v3 on loopback, by its protocol description (github/chatops-controller, docs/protocol-description.md): it checks each
// request as chatops-controller does, and the nonce too, which that does not remember. What it was asked is kept.
import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

export class ChatopsRpc {
	constructor(methods, more = {}) {
		const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
		Object.assign(this, { key: pair.privateKey, publicKey: createPublicKey(pair.publicKey), asked: [], calls: [], nonces: new Set(), refused: [], now: 0, most: 0, sockets: new Set() });
		this.listing = { namespace: 'cd', version: 3, help: 'Deploys.', error_response: 'Ask #deploys.', methods, ...more };
		this.answer = (call) => ({ json: { result: `${call.method} ${JSON.stringify(call.params)}` } });
	}

	async listen(port = 0) {
		this.server = createServer((req, res) => this.take(req, res));
		this.server.on('connection', (s) => this.sockets.add(s.once('close', () => this.sockets.delete(s))));
		await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
		this.port = this.server.address().port;
		this.base = `http://127.0.0.1:${this.port}`;
		this.url = `${this.base}/_chatops`;
		return this;
	}

	// What is wrong with the signature, as the error of the protocol; undefined: nothing.
	wrong(req, body) {
		const nonce = req.headers['chatops-nonce'], time = req.headers['chatops-timestamp'];
		const parts = /^Signature keyid=([\w.-]+),signature=([A-Za-z0-9+/=]+)$/.exec(req.headers['chatops-signature'] ?? '');
		if (!nonce || this.nonces.has(nonce)) return { code: -32801, message: 'nonce' };
		this.nonces.add(nonce);
		if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time ?? '')) return { code: -32803, message: 'timestamp' };
		if (!parts || parts[1] !== 'opsroom') return { code: -32802, message: 'signature' };
		const verify = createVerify('RSA-SHA256').update(`${this.base}${req.url}\n${nonce}\n${time}\n${body}`);
		return verify.verify(this.publicKey, parts[2], 'base64') ? undefined : { code: -32802, message: 'signature' };
	}

	take(req, res) {
		let body = '';
		req.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', async () => {
			const error = this.wrong(req, body);
			const say = (status, json) => res.writeHead(status, { 'content-type': 'application/json' }).end(typeof json === 'string' ? json : JSON.stringify(json));
			this.asked.push(`${req.method} ${req.url}`);
			if (error) {
				this.refused.push(error);
				return say(403, { jsonrpc: '2.0', error });
			}
			if (req.method === 'GET') return this.listing ? say(200, this.listing) : say(503, '');
			const call = JSON.parse(body);
			this.calls.push({ ...call, path: req.url });
			this.most = Math.max(this.most, ++this.now);
			res.on('close', () => { this.now--; });
			const { status = 200, json, drop } = await this.answer(call);
			return drop ? req.socket.destroy() : say(status, json);
		});
	}

	async end() {
		const closed = new Promise((done) => this.server.close(done));
		for (const s of this.sockets) s.destroy();
		await closed;
	}
}
