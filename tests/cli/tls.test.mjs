// opsroomd with a certificate of its own: what new connections see after SIGHUP, what old ones keep, what plain HTTP gets.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { daemon, folder, opsroom, opsroomd } from './helper.mjs';

const skip = spawnSync('openssl', ['version']).error ? 'openssl is not installed: apt-get install openssl' : false;

// A certificate for 127.0.0.1 with that name, in the place of the one before.
function makeCertificate(home, name) {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(home, 'key.pem'), '-out', join(home, 'cert.pem')], { stdio: 'ignore' });
	return readFileSync(join(home, 'cert.pem'));
}

function get(url, options) {
	return new Promise((done, failed) => {
		const r = request(url, options, (answer) => {
			let body = '';
			answer.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => done({ status: answer.statusCode, headers: answer.headers, body,
				name: r.socket.getPeerCertificate().subject?.CN, reused: r.reusedSocket }));
		});
		r.on('error', failed).end(options.body);
	});
}

test('a new certificate is for new connections, old ones live on, a broken one changes nothing', { skip }, async (t) => {
	const home = folder(t);
	const one = makeCertificate(home, 'one');
	writeFileSync(join(home, 'opsroom.yaml'), `tls_certificate: ${join(home, 'cert.pem')}\ntls_key: ${join(home, 'key.pem')}\n`);
	const d = await daemon(t, home, ['--config', 'opsroom.yaml']);
	assert.match(d.url, /^https:/);
	const token = readFileSync(join(d.data, 'admin.token'), 'utf8').trim();

	const kept = new Agent({ keepAlive: true, maxSockets: 1, ca: one });
	t.after(() => kept.destroy());
	const over = (options) => get(`${d.url}/readyz`, options);
	assert.deepEqual([(await over({ agent: kept })).status, (await over({ agent: kept })).reused], [200, true]);
	const stream = new WebSocket(`${d.url.replace('https', 'wss')}/stream?token=${token}`, { ca: one });
	const said = [];
	let heard = () => {};
	stream.on('message', (m) => { said.push(JSON.parse(m).type); heard(); });
	const hears = (type) => new Promise((done) => { heard = () => said.includes(type) && done(); heard(); });
	await new Promise((done) => stream.on('open', done));
	stream.send('{"type":"resume","channels":{}}');
	await hears('hello');

	const two = makeCertificate(home, 'two');
	d.child.kill('SIGHUP');
	await d.prints(/ info daemon\.reload /, 'err');
	assert.equal((await over({ ca: two, agent: false })).name, 'two');
	await assert.rejects(over({ ca: one, agent: false }), 'the old certificate is no longer shown');
	const old = await over({ agent: kept });
	assert.deepEqual([old.status, old.reused], [200, true], 'the old connection lives on');
	stream.send('{"type":"ping","id":7}');
	await hears('pong');

	writeFileSync(join(home, 'cert.pem'), 'no certificate\n');
	d.child.kill('SIGHUP');
	await d.prints(/ error daemon\.reload error=".*cert\.pem: /, 'err');
	assert.equal((await over({ ca: two, agent: false })).name, 'two');
	makeCertificate(home, 'three');
	writeFileSync(join(home, 'cert.pem'), two); // a key that belongs to another certificate
	d.child.kill('SIGHUP');
	await d.prints(/ error daemon\.reload error=".*key\.pem: /, 'err');
	assert.equal((await over({ ca: two, agent: false })).name, 'two');
	stream.terminate();
});

test('a login over TLS stays on TLS', { skip }, async (t) => {
	const home = folder(t);
	const ca = makeCertificate(home, 'one');
	writeFileSync(join(home, 'people.yaml'), 'users: [{name: ann, password: correct horse battery staple}]\n');
	assert.equal((await opsroomd(home, ['provision', '--data', 'data', 'people.yaml'])).code, 0);
	const d = await daemon(t, home, ['--tls-certificate', 'cert.pem', '--tls-key', 'key.pem']);
	const login = await get(`${d.url}/v1/login`, { method: 'POST', ca, agent: false, body: JSON.stringify({ user: 'ann', password: 'correct horse battery staple' }) });
	assert.equal(login.status, 200, login.body);
	assert.match(login.headers['set-cookie'][0], /; Secure(;|$)/);
});

test('provisioning while it runs trusts the certificate that is in the settings, the client the one that it is told', { skip }, async (t) => {
	const home = folder(t);
	makeCertificate(home, 'one');
	writeFileSync(join(home, 'opsroom.yaml'), `tls_certificate: ${join(home, 'cert.pem')}\ntls_key: ${join(home, 'key.pem')}\n`);
	writeFileSync(join(home, 'people.yaml'), 'users: [{name: ann}]\n');
	const d = await daemon(t, home, ['--config', 'opsroom.yaml']);
	const made = await opsroomd(home, ['provision', '--data', 'data', '--config', 'opsroom.yaml', 'people.yaml']);
	assert.equal(made.code, 0, made.err);
	assert.match(JSON.parse(made.out).users.ann.id, /^U/);
	const blind = await opsroomd(home, ['provision', '--data', 'data', 'people.yaml']);
	assert.equal(blind.code, 7);
	assert.match(blind.err, /certificate/);
	assert.equal((await opsroom(home, ['--data', d.data, '--ca', 'cert.pem', 'status'])).code, 0);
	assert.equal((await opsroom(home, ['--data', d.data, 'status'])).code, 7);
});

test('plain HTTP on the TLS port comes to a clean end, and harms nobody', { skip }, async (t) => {
	const home = folder(t);
	const ca = makeCertificate(home, 'one');
	const d = await daemon(t, home, ['--tls-certificate', 'cert.pem', '--tls-key', 'key.pem']);
	const plain = (bytes) => new Promise((done, failed) => {
		const socket = connect(new URL(d.url).port, '127.0.0.1', () => socket.write(bytes));
		const got = [];
		socket.on('data', (b) => got.push(b)).on('error', failed).on('end', () => done(Buffer.concat(got)));
	});
	for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\xff\xff', Buffer.alloc(20000, 0xff)]) {
		const got = await plain(bytes);
		assert.ok(!got.includes('HTTP/1.1 200'), 'nothing is answered in the clear');
	}
	assert.equal((await get(`${d.url}/readyz`, { ca, agent: false })).status, 200);
});

test('a start with a certificate that is none says which file', { skip }, async (t) => {
	const home = folder(t);
	makeCertificate(home, 'one');
	writeFileSync(join(home, 'empty.pem'), '');
	for (const [certificate, key, words] of [['nowhere.pem', 'key.pem', /^opsroomd: nowhere\.pem: /], ['empty.pem', 'key.pem', /^opsroomd: empty\.pem: /],
		['cert.pem', 'cert.pem', /^opsroomd: cert\.pem: /]]) {
		const run = await opsroomd(home, ['--data', 'data', '--listen', '127.0.0.1:0', '--tls-certificate', certificate, '--tls-key', key]);
		assert.equal(run.code, 2, run.err);
		assert.match(run.err, words);
	}
});
