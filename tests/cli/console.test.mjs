// The console's page and files: what they forbid the browser, and how they are cached and packed.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { daemon, folder } from './helper.mjs';

let url, files;
const ends = [];

// Bytes as they come, without the unpacking that fetch does.
function ask(path, headers = {}, method = 'GET') {
	return new Promise((done, bad) => {
		get(url + path, { headers, method, agent: false }, (response) => {
			const parts = [];
			response.on('data', (part) => parts.push(part)).on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) })).on('error', bad);
		}).on('error', bad);
	});
}

before(async () => {
	const t = { after: (end) => ends.unshift(end) };
	({ url } = await daemon(t, folder(t)));
	const { body } = await ask('/');
	files = [...body.toString().matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
});
after(async () => {
	for (const end of ends) await end();
});

const hashed = (path) => /^\/app-[0-9a-f]{12}\.(?:js|css)$/.test(path);

function policy(headers) {
	return new Map(headers['content-security-policy'].split(';').map((rule) => rule.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));
}

test('the page names its files', () => {
	assert.equal(files.filter(hashed).length, 2, files.join(' '));
	assert.ok(files.includes('/icon.svg') && files.includes('/manifest.webmanifest'));
});

test('nothing but what comes from here is run, shown or spoken to, and nobody puts the page into a frame', async () => {
	for (const path of ['/', '/setup', '/login', '/archives/C1/p1700000000000100', ...files]) {
		const { status, headers } = await ask(path);
		assert.equal(status, 200, path);
		const rules = policy(headers);
		assert.deepEqual(rules.get('default-src'), ["'none'"]);
		assert.deepEqual(rules.get('script-src'), ["'self'"]);
		assert.deepEqual(rules.get('style-src'), ["'self'"]);
		assert.deepEqual(rules.get('connect-src'), ["'self'"]);
		assert.deepEqual(rules.get('frame-ancestors'), ["'none'"]);
		assert.deepEqual(rules.get('base-uri'), ["'none'"]);
		assert.deepEqual(rules.get('form-action'), ["'none'"]);
		for (const [name, sources] of rules)
			for (const source of sources)
				assert.ok(["'self'", "'none'"].includes(source) || (name === 'img-src' && source === 'data:'), `${name} ${source}`);
		assert.equal(headers['x-frame-options'], 'DENY');
		assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
	}
});

test('the policy can hold: no script, style or handler stands in the page itself', async () => {
	const page = (await ask('/')).body.toString();
	assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
});

test('no answer is taken for another type, and no address is told to others', async () => {
	for (const path of ['/', ...files, '/nowhere', '/v1/me', '/api/auth.test', '/healthz', '/metrics']) {
		const { headers } = await ask(path);
		assert.equal(headers['x-content-type-options'], 'nosniff', path);
		assert.equal(headers['referrer-policy'], 'no-referrer', path);
		assert.doesNotMatch(headers['content-type'] ?? '', path === '/' ? /^$/ : /html/, path);
	}
});

test('files with a hash in their name are kept for good, all others are asked for again', async () => {
	for (const path of ['/', ...files]) {
		const { headers } = await ask(path);
		assert.equal(headers['cache-control'], hashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache', path);
	}
});

test('what the browser has already is not sent again', async () => {
	for (const path of ['/', ...files]) {
		const { headers: { etag } } = await ask(path);
		assert.match(etag, /^"[\w-]+"$/);
		for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
			const again = await ask(path, { 'If-None-Match': known });
			assert.equal(again.status, 304, `${path} ${known}`);
			assert.equal(again.headers.etag, etag);
			assert.ok(again.headers['content-security-policy']);
			assert.equal(again.body.length, 0);
		}
		for (const other of ['"x"', etag.slice(1, -1), etag.slice(0, -2) + '"'])
			assert.equal((await ask(path, { 'If-None-Match': other })).status, 200, `${path} ${other}`);
	}
});

test('files are sent packed to those who can unpack them', async () => {
	const unpack = { br: brotliDecompressSync, gzip: gunzipSync };
	for (const path of ['/', ...files.filter(hashed)]) {
		const raw = await ask(path, { 'Accept-Encoding': 'identity' });
		const tags = new Set([raw.headers.etag]);
		assert.equal(raw.headers['content-encoding'], undefined);
		assert.equal(raw.headers.vary, 'Accept-Encoding');
		let size = raw.body.length;
		for (const [accept, coding] of [['gzip', 'gzip'], ['gzip, deflate, br', 'br']]) {
			const packed = await ask(path, { 'Accept-Encoding': accept });
			assert.equal(packed.headers['content-encoding'], coding, `${path} ${accept}`);
			assert.equal(packed.headers.vary, 'Accept-Encoding');
			assert.equal(packed.headers['content-type'], raw.headers['content-type']);
			assert.deepEqual(unpack[coding](packed.body), raw.body);
			assert.ok(packed.body.length < size, `${path} ${coding}`);
			size = packed.body.length;
			tags.add(packed.headers.etag);
			assert.equal((await ask(path, { 'Accept-Encoding': accept, 'If-None-Match': packed.headers.etag })).status, 304);
			assert.equal((await ask(path, { 'Accept-Encoding': accept, 'If-None-Match': raw.headers.etag })).status, 200);
		}
		assert.equal(tags.size, 3, 'other bytes, another tag');
		for (const [accept, coding] of [['', undefined], ['gzip;q=0', undefined], ['gzip;q=0.000, br;q=0', undefined], ['br;q=0, gzip', 'gzip'], ['GZIP ; q=0.5', 'gzip'],
			['xgzip, brr', undefined], ['br;q=0.01', 'br'], ['zstd,br', 'br']])
			assert.equal((await ask(path, { 'Accept-Encoding': accept })).headers['content-encoding'], coding, accept);
	}
});

test('HEAD has the head of GET', async () => {
	for (const path of ['/', files.find(hashed)]) {
		const { headers, body } = await ask(path, { 'Accept-Encoding': 'gzip' });
		const head = await ask(path, { 'Accept-Encoding': 'gzip' }, 'HEAD');
		assert.equal(head.body.length, 0);
		for (const name of ['etag', 'content-length', 'content-type', 'content-encoding', 'content-security-policy', 'cache-control'])
			assert.equal(head.headers[name], headers[name], name);
		assert.equal(Number(head.headers['content-length']), body.length);
	}
});
