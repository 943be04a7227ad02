// Mail out, to a server of others (npm's smtp-server): what arrives, what is put off and comes again on the virtual clock, what is
// refused for good, TLS that must be there, login, and kill -9 in between. What arrives is read by Python's email.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { free_port, missing, run } from './counterparts.mjs';
import { bin, cli, daemon } from './daemon.mjs';

const python = missing('python3', 'python3');
const dir = mkdtempSync(join(tmpdir(), 'opsroom-mail-out-'));
const cert = join(dir, 'cert.pem'), key = join(dir, 'key.pem'), login = join(dir, 'login');
let plain, secure, d, token;

const fault = (code, text) => Object.assign(new Error(text), { responseCode: code });

// A server; `refuse` names the step that is answered with an error: {mail, rcpt, data, auth}.
async function server(options) {
	const self = { mails: [], tries: 0, logins: [], refuse: {}, swallow: null };
	const step = (name, done) => (self.refuse[name] ? done(fault(...self.refuse[name])) : done());
	const smtp = new SMTPServer({
		logger: false, authOptional: true, ...options,
		onAuth: ({ username, password }, session, done) => {
			self.logins.push([username, password, session.secure]);
			return self.refuse.auth ? done(fault(...self.refuse.auth)) : done(null, { user: username });
		},
		onMailFrom: (address, session, done) => { self.tries++; step('mail', done); },
		onRcptTo: (address, session, done) => step('rcpt', done),
		onData: (stream, session, done) => {
			const parts = [];
			stream.on('data', (b) => parts.push(b)).on('end', () => {
				if (self.refuse.data)
					return done(fault(...self.refuse.data));
				self.mails.push({ from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), secure: session.secure, bytes: Buffer.concat(parts) });
				if (self.swallow)
					return self.swallow(); // it has the mail and never answers
				done(null, 'queued as 4f2a');
			});
		},
	});
	smtp.on('error', () => {}); // a client that goes in the middle of TLS
	await new Promise((done) => smtp.listen(0, '127.0.0.1', done));
	self.port = smtp.server.address().port;
	self.close = () => new Promise((done) => smtp.close(done));
	return self;
}

const options = (...more) => ['--clock', '2026-03-02T02:00:00Z', '--mail-from', 'opsroom@example.org', ...more];
const provision = (of) => {
	const file = join(dir, 'admin.yaml');
	writeFileSync(file, 'tokens: [{name: boss, user: ann, scopes: admin}]\n');
	return JSON.parse(execFileSync(bin, ['provision', '--data', of.data, file], { encoding: 'utf8' })).tokens.boss.token;
};
const advance = (by) => d.api('/v1/advance', { body: { by }, token: d.adminToken() });
const queue = () => d.api('/v1/mail/test', { body: { queue: true }, token });
const audit = async (action) => (await d.api(`/v1/audit?action=${action}`, { token })).records;
const log = (event) => d.log.split('\n').filter((line) => line.includes(` ${event} `));

before(async () => {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
		'-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
	writeFileSync(login, 'ops@example.org\nopen sesame\n');
	plain = await server({ hideSTARTTLS: true, allowInsecureAuth: true });
	secure = await server({ key: readFileSync(key), cert: readFileSync(cert), secure: true });
	d = await daemon(options('--mail-server', `smtp://127.0.0.1:${plain.port}`));
	token = provision(d);
});
after(async () => {
	await d?.stop();
	await plain?.close();
	await secure?.close();
	rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => { plain.mails = []; plain.tries = 0; plain.refuse = {}; });

const read_by_python = async (bytes) => {
	const { out, err, code } = await run('python3', ['-c', `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps({'headers': [[k, str(v)] for k, v in m.items()], 'text': m.get_content(), 'defects': [str(x) for x in m.defects], 'from': m['From'].addresses[0].addr_spec, 'name': m['From'].addresses[0].display_name, 'date': m['Date'].datetime.isoformat()}))`], bytes);
	assert.equal(code, 0, err);
	return JSON.parse(out);
};

test('a mail leaves through the outbox, and Python reads it', { skip: python }, async () => {
	assert.deepEqual(await queue(), { ok: true, to: 'ann@example.com', server: `smtp://127.0.0.1:${plain.port}`, result: 'queued', answer: '' });
	await advance('1s');
	assert.equal(plain.mails.length, 1);
	const [{ from, to, bytes }] = plain.mails, mail = await read_by_python(bytes);
	assert.deepEqual([from, to], ['opsroom@example.org', ['ann@example.com']]);
	assert.deepEqual(mail.defects, []);
	assert.equal(mail.from, 'opsroom@example.org');
	assert.equal(mail.date, '2026-03-02T02:00:00+00:00');
	const headers = Object.fromEntries(mail.headers);
	assert.equal(headers.To, 'ann@example.com');
	assert.equal(headers.Subject, "A test of opsroom's mail");
	assert.match(headers['Message-ID'], /^<opsroom\.\d+\.\d+@example\.org>$/);
	assert.equal(headers['Auto-Submitted'], 'auto-generated');
	assert.equal(mail.text.replaceAll('\r\n', '\n'), `ann asked for this mail with \`opsroom mail test\`.\n\n${d.url}\n`);
});

test('put off with 4xx it comes again, the same mail, until it is taken', async () => {
	plain.refuse = { rcpt: [451, '4.7.1 greylisted, come again'] };
	await queue();
	await advance('10s');
	assert.equal(plain.mails.length, 0);
	assert.equal(plain.tries, 4); // at 0, 1, 3 and 7 s
	assert.match(log('outbox.retry').at(-1), /why="mail to ann@example.com: 451 4\.7\.1 greylisted, come again"/);
	plain.refuse = { data: [452, '4.3.1 disk full'] };
	await advance('10s');
	plain.refuse = {};
	await advance('10m');
	assert.equal(plain.mails.length, 1);
	assert.equal((await audit('mail.refused')).length, 0);
});

test('refused with 5xx it is over: the log and the audit trail say why', async () => {
	for (const [step, reply] of [['rcpt', [550, '5.1.1 no such user']], ['mail', [553, '5.1.8 not for you']], ['data', [554, '5.7.1 spam']]]) {
		plain.refuse = { [step]: reply };
		plain.tries = 0;
		await queue();
		await advance('1h');
		assert.equal(plain.tries, 1, step);
		assert.match(log('outbox.refused').at(-1), new RegExp(`why="mail to ann@example.com: ${reply.join(' ').replaceAll('.', '\\.')}"`));
	}
	const records = await audit('mail.refused');
	assert.equal(records.length, 3);
	assert.equal(records[0].via, 'outbox');
	assert.equal(records[0].detail.why, 'mail to ann@example.com: 554 5.7.1 spam');
});

test('a server that is away for a day is given up, with a word', async () => {
	const away = await daemon(options('--mail-server', `smtp://127.0.0.1:${await free_port()}`)), boss = provision(away);
	const refused = async () => (await away.api('/v1/audit?action=mail.refused', { token: boss })).records;
	const pass = (by) => away.api('/v1/advance', { body: { by }, token: away.adminToken() });
	await away.api('/v1/mail/test', { body: { queue: true }, token: boss });
	await pass('23h');
	assert.equal((await refused()).length, 0);
	await pass('2h');
	const records = await refused();
	assert.equal(records.length, 1);
	assert.match(records[0].detail.why, /^mail to ann@example\.com: .*connect/i);
	await away.stop();
});

test('killed after the server took a mail and before it said so, it sends the same again', async () => {
	const reached = new Promise((done) => { plain.swallow = done; });
	await queue();
	await reached;
	await d.kill();
	plain.swallow = null;
	await d.restart();
	await advance('10m');
	assert.equal(plain.mails.length, 2);
	assert.ok(plain.mails[0].bytes.equals(plain.mails[1].bytes));
});

test('opsroom mail test says what the server said, and is in the audit trail', async () => {
	const test_mail = (...args) => run(cli, ['mail', 'test', ...args, '--url', d.url, '--token', token]);
	const url = `smtp://127.0.0.1:${plain.port}`;
	assert.deepEqual(await test_mail('ben@example.net'), { code: 0, out: `${url} took the mail to ben@example.net: 250 queued as 4f2a\n`, err: '' });
	assert.deepEqual(plain.mails[0].to, ['ben@example.net']);
	plain.refuse = { rcpt: [550, '5.1.1 no such user'] };
	assert.deepEqual(await test_mail(), { code: 1, out: `${url} refused the mail to ann@example.com: 550 5.1.1 no such user\n`, err: '' });
	plain.refuse = { rcpt: [450, '4.2.1 busy'] };
	assert.deepEqual(await test_mail(), { code: 1, out: `${url} did not take the mail to ann@example.com: 450 4.2.1 busy\n`, err: '' });
	assert.deepEqual((await audit('mail.test')).slice(0, 3).map((r) => r.detail.result), ['retry', 'refused', 'done']);
	assert.match((await test_mail('ann@x> SIZE=1')).err, /is one e-mail address/);
	assert.equal((await d.api('/v1/mail/test', { body: { to: 'a@b.cd\r\nRCPT TO:<c@d.ef>' }, token })).code, 'invalid');
	const tries = plain.tries;
	assert.equal((await d.api('/v1/mail/test', { body: {}, token: d.made.tokens.look.token })).code, 'forbidden');
	assert.equal(plain.tries, tries);
});

test('TLS and login: required, checked, and never without', async () => {
	const starttls = await server({ key: readFileSync(key), cert: readFileSync(cert), authOptional: false });
	const check = async (settings, refuse = {}) => {
		const one = await daemon(options(...settings));
		const boss = provision(one);
		starttls.refuse = secure.refuse = refuse;
		const { result, answer } = await one.api('/v1/mail/test', { body: {}, token: boss });
		await one.stop();
		return [result, answer];
	};
	const ca = ['--mail-ca', cert], user = ['--mail-login', login];
	// This machine is spoken to in the clear, by address; a name that is not this machine's is not: Linux takes all of 127/8 and 0.0.0.0 for itself.
	const far = `smtp://0.0.0.0:${starttls.port}`, far_plain = `smtp://0.0.0.0:${plain.port}`;
	const [no_tls, why] = await check(['--mail-server', far_plain]);
	assert.equal(no_tls, 'retry');
	assert.match(why, /TLS|SSL/i);
	assert.equal(plain.mails.length, 0);
	assert.equal((await check(['--mail-server', far_plain, '--mail-without-tls', '1']))[0], 'done');
	const [unknown, not_ours] = await check(['--mail-server', `smtps://127.0.0.1:${secure.port}`]);
	assert.equal(unknown, 'retry');
	assert.match(not_ours, /certificate/i);
	assert.equal((await check(['--mail-server', `smtps://127.0.0.1:${secure.port}`, ...ca, ...user]))[0], 'done');
	assert.deepEqual(secure.logins, [['ops@example.org', 'open sesame', true]]);
	const [wrong_name, name] = await check(['--mail-server', far, ...ca, ...user]); // STARTTLS, but the certificate is for localhost
	assert.equal(wrong_name, 'retry');
	assert.match(name, /0\.0\.0\.0|certificate/);
	assert.deepEqual(starttls.logins, []);
	const [denied, no] = await check(['--mail-server', `smtps://localhost:${secure.port}`, ...ca, ...user], { auth: [535, '5.7.8 wrong password'] });
	assert.deepEqual([denied, no], ['retry', '535 5.7.8 wrong password']);
	const [no_file, where] = await check(['--mail-server', `smtps://localhost:${secure.port}`, ...ca, '--mail-login', join(dir, 'nothing')]);
	assert.equal(no_file, 'retry');
	assert.match(where, /nothing/);
	await starttls.close();
});

test('without a server nothing is sent, and the start says so', async () => {
	const one = await daemon(['--clock', '2026-03-02T02:00:00Z']);
	assert.match(one.log, / mail\.off why="mail_server is not set"/);
	assert.equal((await one.api('/v1/mail/test', { body: {}, token: provision(one) })).code, 'conflict');
	await one.stop();
});
