// A web server on loopback that answers what it is told to: the ground of every fake peer.
import { createServer } from 'node:http';

export class FakeWeb {
	// answer(request) gives {status, headers, text}; a request is {method, path, headers, body}.
	async listen(answer) {
		this.server = createServer((req, res) => {
			let body = '';
			req.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => {
				const { status = 200, headers = {}, text } = answer({ method: req.method, path: req.url, headers: req.headers, body });
				res.writeHead(status, headers).end(text);
			});
		});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	async request(path, { method, headers, body }) {
		const r = await fetch(this.url + path, { method, headers, body });
		return { status: r.status, headers: r.headers, text: await r.text() };
	}

	async end() {
		const closed = new Promise((done) => this.server.close(done));
		this.server.closeAllConnections?.();
		await closed;
	}
}
