// Mail comes in by SMTP from other people's clients (Python's smtplib, curl), from bare sockets, and through a mail server's pipe;
// what was answered with 250 is there after kill -9.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, run } from './counterparts.mjs';
import { bin, cli, daemon, until } from './daemon.mjs';

const python = missing('python3', 'python3');
let d, dir, key, signed, port;

const certificate = () => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
	'-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });

// A session: say() resolves with the whole reply to a line, or null when the connection ended.
async function session(to = port) {
	const socket = connect(to, '127.0.0.1').setEncoding('utf8');
	let heard = '', ended = false, wake = () => {};
	socket.on('data', (s) => { heard += s; wake(); }).on('close', () => { ended = true; wake(); }).on('error', () => {});
	const reply = async () => {
		for (;;) {
			const whole = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(heard);
			if (whole) {
				heard = heard.slice(whole[0].length);
				return whole[0];
			}
			if (ended) return null;
			await new Promise((done) => { wake = done; });
		}
	};
	return { socket, reply, greeting: await reply(), say: (text) => { socket.write(text); return reply(); } };
}

const groups = async (name, state = 'all') => (await d.api(`/v1/alerts?state=${state}`)).alerts.filter((g) => g.title.includes(name));

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'opsroom-mail-'));
	certificate();
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // fetch() takes no certificate of one's own
	const tls = ['--tls-certificate', join(dir, 'cert.pem'), '--tls-key', join(dir, 'key.pem')];
	d = await daemon(['--smtp-listen', '127.0.0.1:0', '--smtp-connections-max', '8', ...tls], { provisionWith: tls });
	writeFileSync(join(dir, 'mail.yaml'), 'sources: [{name: mails, tool: email, channel: sre-alerts}, {name: signed, tool: email, channel: sre-alerts, auth: {header: X-Token}}]\n');
	const { sources } = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, ...tls, join(dir, 'mail.yaml')], { encoding: 'utf8' }));
	({ mails: { key }, signed: { key: signed } } = sources);
	port = d.smtpPort();
});
after(async () => {
	await d.stop();
	rmSync(dir, { recursive: true, force: true });
});

test("Python's smtplib: an alert, its end in TLS, and a recipient that is none", { skip: python }, async () => {
	const script = `
import smtplib, ssl, sys
from email.message import EmailMessage
def mail(subject, body):
    m = EmailMessage()
    m['From'] = 'Nagios <nagios@example.com>'; m['To'] = 'ops+${key}@opsroom'; m['Subject'] = subject
    m.set_content(body); m.add_alternative('<p>not this</p>', subtype='html'); m.add_attachment(b'x' * 200000, maintype='image', subtype='png')
    return m
with smtplib.SMTP('localhost', ${port}) as s:
    print(s.send_message(mail('PROBLEM: Plattenplatz auf db-ü is CRITICAL', '.hidden\\n..twice\\nvoll: 97 %\\n')))
with smtplib.SMTP('localhost', ${port}) as s:
    s.starttls(context=ssl.create_default_context(cafile='${join(dir, 'cert.pem')}'))
    print(s.send_message(mail('RECOVERY: Plattenplatz auf db-ü is OK', 'gut')), s.has_extn('starttls'))
    for to in ('nobody@opsroom', '${signed}@opsroom', 'x' * 70 + '@opsroom'):
        try: s.sendmail('a@b', [to], 'x')
        except smtplib.SMTPRecipientsRefused as e: print(list(e.recipients.values())[0])
    s.sendmail('a@b', ['nobody@opsroom', '${key}@opsroom'], 'Subject: only one of two\\r\\n\\r\\n')
`;
	const { out, err, code } = await run('python3', ['-'], script);
	assert.equal(code, 0, err);
	const no = "(550, b'5.1.1 no such recipient here')";
	assert.deepEqual(out.trim().split('\n'), ['{}', '{} False', no, no, no]);
	const [g] = await groups('Plattenplatz auf db-ü', 'resolved');
	assert.equal(g.severity, 'critical');
	assert.equal((await groups('only one of two', 'firing')).length, 1);
});

test('curl: a file with bare LF, and STARTTLS that is asked for', { skip: missing('curl', 'curl') }, async () => {
	writeFileSync(join(dir, 'mail.eml'), 'From: ups@example.com\nSubject: UPS on battery\n\nInput voltage lost.\n');
	const { code, err } = await run('curl', ['-sS', '--ssl-reqd', '--cacert', join(dir, 'cert.pem'), '--mail-from', 'ups@example.com', '--mail-rcpt', `${key}@opsroom`, '--upload-file', join(dir, 'mail.eml'),
		`smtp://127.0.0.1:${port}`]);
	assert.equal(code, 0, err);
	assert.equal((await groups('UPS on battery', 'firing'))[0].severity, 'warning');
});

test('a mail is listed with its source, without its key, and can be sent once more', { skip: missing('curl', 'curl') }, async () => {
	writeFileSync(join(dir, 'mail.eml'), 'From: ups@example.com\nSubject: UPS is listed\n\nInput voltage lost.\n');
	assert.equal((await run('curl', ['-sS', '--mail-from', 'ups@example.com', '--mail-rcpt', `${key}@opsroom`, '--upload-file', join(dir, 'mail.eml'), `smtp://127.0.0.1:${port}`])).code, 0);
	const [last] = (await d.api('/v1/sources/mails/deliveries')).deliveries;
	assert.deepEqual([last.status, last.changed, last.path, last.can_replay], [200, 1, '/hooks/email/KEY', true]);
	const whole = await d.api(`/v1/deliveries/${last.id}`);
	assert.match(whole.body, /Subject: UPS is listed/);
	assert.equal(whole.events[0].title, 'UPS is listed');
	assert.ok(!JSON.stringify(whole).includes(key));
	const again = await d.api(`/v1/deliveries/${last.id}/replay`, { body: {} });
	assert.deepEqual([again.ok, again.status, again.changed], [true, 200, 0]);
});

test('commands in one piece, a message too large, and what is no session', async () => {
	const s = await session();
	assert.match(s.greeting, /^220 \S+ ESMTP opsroom\r\n$/);
	s.socket.write(`EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<${key}@x>\r\nRCPT TO:<nobody@x>\r\nDATA\r\nSubject: DOWN: piped\r\n\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<${key}@x>\r\nDATA\r\nSubject: DOWN: piped too\r\n\r\n.\r\nNOOP\r\n`);
	const codes = [];
	while (codes.length < 10) codes.push((await s.reply()).slice(0, 3));
	assert.deepEqual(codes, ['250', '250', '250', '550', '354', '250', '250', '250', '354', '250']);
	assert.match(await s.reply(), /^250 2\.0\.0 ok/);
	assert.equal((await groups('DOWN: piped', 'firing')).length, 2);
	assert.match(await s.say('MAIL FROM:<a@b> SIZE=99999999\r\n'), /^552 /);
	await s.say('MAIL FROM:<a@b>\r\n');
	await s.say(`RCPT TO:<${key}@x>\r\n`);
	await s.say('DATA\r\n');
	s.socket.write('Subject: large\r\n\r\n');
	for (let i = 0; i < 17; i++) s.socket.write(`${'x'.repeat(1022)}\r\n`.repeat(1024));
	assert.match(await s.say('.\r\n'), /^552 5\.3\.4 /);
	assert.equal((await groups('large')).length, 0);
	assert.match(await s.say('GET / HTTP/1.1\r\n'), /^521 /);
	assert.equal(await s.reply(), null, 'the session is over');
	const t = await session();
	await t.say('EHLO x\r\n');
	t.socket.write('STARTTLS\r\nMAIL FROM:<evil@x>\r\n'); // said before TLS, to be obeyed in it
	assert.match(await t.reply(), /^220 /);
	assert.equal(await t.reply(), null);
});

test('too many connections are told so', async () => {
	const many = await Promise.all(Array.from({ length: 8 }, () => session()));
	const over = await session();
	assert.match(over.greeting, /^421 /);
	assert.equal(await over.reply(), null);
	for (const s of many) s.socket.destroy();
	await until(async () => {
		const s = await session();
		s.socket.destroy();
		return s.greeting.startsWith('220');
	}, 'there is room again');
});

test('opsroom source mail: exit codes as a mail server wants them', async () => {
	const pipe = (args, mail) => run(cli, ['--ca', join(dir, 'cert.pem'), 'source', 'mail', ...args], mail);
	const mail = 'Subject: FAILED: backup\n\nno space left\n';
	assert.deepEqual(await pipe([`${d.url}/hooks/email/${key}`], mail), { code: 0, out: '', err: '' });
	assert.equal((await groups('FAILED: backup', 'firing')).length, 1);
	assert.equal((await pipe(['--data', d.data, key], mail + 'x'.repeat(3e6))).code, 0);
	const wrong = await pipe([`${d.url}/hooks/email/nokey`], mail);
	assert.equal(wrong.code, 67);
	assert.match(wrong.err, /the mail was not taken: this key is not known/);
	assert.equal((await pipe([`${d.url}/hooks/email/${key}`], '')).code, 65);
	assert.equal((await pipe(['http://127.0.0.1:1/hooks/email/x'], mail)).code, 75);
	const sick = createServer((q, a) => q.resume().on('end', () => a.writeHead(507).end('{}')));
	await new Promise((done) => sick.listen(0, '127.0.0.1', done));
	assert.equal((await pipe([`http://127.0.0.1:${sick.address().port}/hooks/email/x`], mail)).code, 75);
	sick.close();
});

test('what was answered with 250 is there after kill -9', { timeout: 120000 }, async () => {
	const taken = [];
	for (let round = 0; round < 20; round++) {
		const before = taken.length;
		let dead = false;
		const load = (async () => {
			const s = await session();
			await s.say('EHLO x\r\n');
			for (let i = 0; !dead; i++) {
				const name = `kill r${round}x${i}x`;
				s.socket.write(`MAIL FROM:<k@x>\r\nRCPT TO:<${key}@x>\r\nDATA\r\nSubject: DOWN: ${name}\r\n\r\n.\r\n`);
				let last;
				for (let k = 0; k < 4; k++) if (!(last = await s.reply())) return;
				if (last.startsWith('250')) taken.push(name);
			}
		})();
		await until(() => taken.length > before + 2, 'some are taken');
		await new Promise((r) => setTimeout(r, Math.random() * 30));
		await d.kill();
		dead = true;
		await load;
		await d.restart();
		port = d.smtpPort();
	}
	const { alerts } = await d.api('/v1/alerts?limit=5000');
	const titles = new Set(alerts.map((a) => a.title));
	for (const name of taken) assert.ok(titles.has(`DOWN: ${name}`), `lost: ${name}`);
});

test('SIGTERM says good bye', async () => {
	const s = await session();
	await s.say('EHLO x\r\n');
	process.kill(d.pid, 'SIGTERM');
	assert.match(await s.reply(), /^421 4\.3\.2 /);
	await d.kill();
	await d.restart();
	port = d.smtpPort();
});
