// Amazon SNS: what it signed is taken, what it did not is refused, and subscriptions confirm themselves -- against a server of our own
// that signs as SNS does (sns_endpoint), with certificates that openssl makes.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing } from './counterparts.mjs';
import { bin, daemon, until } from './daemon.mjs';

const skip = missing('openssl', 'openssl');
const topic = 'arn:aws:sns:eu-central-1:123456789012:alarms';
let d, dir, sns, base, sources;
const seen = []; // what the fake SNS was asked for
const pages = {}; // path: what it answers; a function may wait

const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
const certificate = (name, ...more) => openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...more);

const signedNames = (m) => (m.Type === 'Notification' ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']);
function sign(m, { version = '2', key = 'signer', at = '/SimpleNotificationService-one.pem' } = {}) {
	const text = signedNames(m).filter((n) => m[n] !== undefined).map((n) => `${n}\n${m[n]}\n`).join('');
	const signature = createSign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256').update(text).sign(readFileSync(join(dir, `${key}.key`)), 'base64');
	return { ...m, SignatureVersion: version, Signature: signature, SigningCertURL: base + at };
}
let count = 0;
const alarm = (name, state = 'ALARM', more = {}) => ({ Type: 'Notification', MessageId: `m${count++}`, TopicArn: topic, Subject: ` ${state}: "${name}" in EU `, Timestamp: '2026-03-02T02:00:00.000Z',
	Message: JSON.stringify({ AlarmName: name, AWSAccountId: '123456789012', Region: 'EU', NewStateValue: state, NewStateReason: 'ü: \n 5 datapoints', StateChangeTime: '2026-03-02T02:00:00.000+0000' }), ...more });
const subscription = (path, more = {}) => ({ Type: 'SubscriptionConfirmation', MessageId: `m${count++}`, Token: '23', TopicArn: topic, Message: 'You have chosen to subscribe', SubscribeURL: path.startsWith('http') ? path : base + path,
	Timestamp: '2026-03-02T02:00:00.000Z', ...more });
async function send(source, body, headers = {}) {
	const r = await fetch(sources[source].url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'text/plain; charset=UTF-8', ...headers } });
	return { status: r.status, retry: r.headers.get('retry-after'), ...await r.json() };
}
const asked = (path) => seen.filter((p) => p === path).length;
const firing = async (name) => (await d.api('/v1/alerts?state=firing')).alerts.filter((g) => g.title === name).length;
const says = (text) => until(async () => (await d.api('/api/conversations.history?channel=sre-alerts&limit=100')).messages?.some((m) => m.text.includes(text)), `the channel shows "${text}"`, 30000);

before(async () => {
	if (skip) return;
	dir = mkdtempSync(join(tmpdir(), 'opsroom-sns-'));
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'server.key', '-out', 'server.pem');
	certificate('signer');
	certificate('other');
	openssl('req', '-new', '-key', 'signer.key', '-subj', '/CN=old', '-out', 'old.csr');
	writeFileSync(join(dir, 'index'), '');
	writeFileSync(join(dir, 'ca.cnf'), '[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n');
	openssl('ca', '-config', 'ca.cnf', '-batch', '-create_serial', '-selfsign', '-keyfile', 'signer.key', '-in', 'old.csr', '-out', 'old.pem', '-startdate', '20200101000000Z', '-enddate', '20200102000000Z');
	const pem = (name) => readFileSync(join(dir, `${name}.pem`), 'utf8');
	Object.assign(pages, { '/SimpleNotificationService-one.pem': pem('signer'), '/SimpleNotificationService-two.pem': pem('signer'), '/SimpleNotificationService-other.pem': pem('other'),
		'/SimpleNotificationService-old.pem': pem('old'), '/SimpleNotificationService-ec.pem': pem('server'), '/SimpleNotificationService-html.pem': '<html>no</html>',
		'/SimpleNotificationService-big.pem': pem('signer') + ' '.repeat(20000), '/?Action=ConfirmSubscription&Token=good': '<ok/>' });
	sns = createServer({ key: readFileSync(join(dir, 'server.key')), cert: pem('server') }, async (request, response) => {
		seen.push(request.url);
		let page = pages[request.url];
		if (typeof page === 'function') page = await page();
		const { status, headers, text } = typeof page === 'string' ? { status: 200, text: page } : page ?? { status: 404, text: '' };
		response.writeHead(status, headers).end(text);
	});
	await new Promise((done) => sns.listen(0, '127.0.0.1', done));
	base = `https://127.0.0.1:${sns.address().port}`;
	d = await daemon(['--sns-endpoint', base, '--sns-ca', join(dir, 'server.pem')]);
	writeFileSync(join(dir, 'sns.yaml'), `sources:
- {name: any, tool: cloudwatch, channel: sre-alerts, auth: sns}
- {name: one, tool: cloudwatch, channel: sre-alerts, auth: {sns: "${topic}"}}
- {name: key, tool: cloudwatch, channel: sre-alerts}
`);
	({ sources } = JSON.parse(execFileSync(bin, ['provision', '--data', d.data, join(dir, 'sns.yaml')], { encoding: 'utf8' })));
});
after(async () => {
	if (skip) return;
	await d.stop();
	sns.closeAllConnections();
	sns.close();
	rmSync(dir, { recursive: true, force: true });
});

test('what SNS signed is taken, in both ways to sign, and its certificate is fetched once', { skip }, async () => {
	assert.deepEqual(sources.any.auth, { sns: '*' });
	assert.deepEqual(sources.one.auth, { sns: topic });
	for (const version of ['1', '2'])
		for (const source of ['any', 'one']) {
			const name = `signed ${version} ${source}`;
			const r = await send(source, sign(alarm(name), { version }));
			assert.deepEqual([r.status, r.alerts, r.changed], [200, 1, 1], r.detail);
			assert.equal(await firing(name), 1);
		}
	const { Subject, ...bare } = alarm('no subject');
	assert.equal((await send('any', sign(bare))).status, 200);
	assert.equal(asked('/SimpleNotificationService-one.pem'), 1);
});

test('what it did not sign is refused with a sentence', { skip }, async () => {
	const refused = async (body, why, source = 'any') => {
		const r = await send(source, body);
		assert.deepEqual([r.status, why.test(r.detail)], [403, true], `${r.status} ${r.detail}`);
	};
	const good = sign(alarm('not taken'));
	await refused({ ...good, Message: good.Message.replace('not taken', 'not given') }, /^the signature is wrong$/);
	await refused({ ...good, Subject: 'other' }, /^the signature is wrong$/);
	await refused({ ...good, Signature: '!!' }, /base64/);
	await refused({ ...good, SignatureVersion: '1' }, /^the signature is wrong$/);
	await refused(sign(alarm('x'), { key: 'other' }), /^the signature is wrong$/);
	await refused(sign(alarm('x'), { at: '/SimpleNotificationService-other.pem' }), /^the signature is wrong$/);
	await refused(sign(alarm('x'), { at: '/SimpleNotificationService-old.pem' }), /does not hold at this time/);
	await refused(alarm('x'), /SignatureVersion|not signed/);
	await refused(JSON.parse(alarm('x').Message), /is raw message delivery on/);
	await refused('no json', /no message of SNS/);
	await refused(sign(alarm('x', 'ALARM', { TopicArn: `${topic}-of-others` })), /its own topic/, 'one');
	const before = seen.length;
	for (const url of ['https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-x.pem', `http://127.0.0.1:${sns.address().port}/SimpleNotificationService-one.pem`, `${base}.evil.example/x.pem`, 'file:///etc/passwd', `${base}/x?.pem#`])
		await refused({ ...good, SigningCertURL: url }, /SigningCertURL is no address of SNS/);
	assert.equal(seen.length, before, 'nothing was fetched');
	assert.equal(await firing('not taken'), 0);
	const { deliveries } = await d.api('/v1/sources/any/deliveries');
	assert.ok(deliveries.some((one) => one.error === 'the signature is wrong'));
	assert.deepEqual(deliveries.filter((one) => one.status === 403 && one.can_replay), []);
	assert.match(d.log, /source\.refused source=any from=127\.0\.0\.1 why="the signature is wrong"/);
});

test('without the certificate SNS is told to come again', { skip }, async () => {
	for (const [at, why] of [['gone', /answer is 404/], ['html', /is none/], ['ec', /is none/], ['big', /longer than/]]) {
		const r = await send('any', sign(alarm('later'), { at: `/SimpleNotificationService-${at}.pem` }));
		assert.deepEqual([r.status, why.test(r.detail), r.retry !== null], [503, true, true], `${at}: ${r.status} ${r.detail}`);
	}
	pages['/SimpleNotificationService-gone.pem'] = pages['/SimpleNotificationService-one.pem'];
	assert.equal((await send('any', sign(alarm('later'), { at: '/SimpleNotificationService-gone.pem' }))).status, 200);
});

test('many that wait for one certificate fetch it once; a key that is used twice gets one answer', { skip }, async () => {
	let go;
	const gate = new Promise((done) => { go = done; });
	const pem = pages['/SimpleNotificationService-two.pem'];
	pages['/SimpleNotificationService-two.pem'] = () => gate.then(() => pem);
	const many = Array.from({ length: 20 }, (_, i) => send('any', sign(alarm(`many ${i}`), { at: '/SimpleNotificationService-two.pem' })));
	const wrong = send('any', { ...sign(alarm('many'), { at: '/SimpleNotificationService-two.pem' }), Message: '{}' });
	await until(() => asked('/SimpleNotificationService-two.pem'), 'it is asked for');
	assert.equal((await send('any', sign(alarm('meanwhile')))).status, 200, 'others do not wait');
	go();
	for (const r of await Promise.all(many)) assert.equal(r.status, 200);
	assert.equal((await wrong).status, 403);
	assert.equal(asked('/SimpleNotificationService-two.pem'), 1);
	const twice = sign(alarm('twice'));
	const first = await send('any', twice, { 'idempotency-key': 'k1' }), again = await send('any', twice, { 'idempotency-key': 'k1' });
	assert.deepEqual([first.status, first.changed, again.status, again.changed], [200, 1, 200, 1]);
});

test('a subscription confirms itself, tries again, and says so in the channel', { skip }, async () => {
	assert.equal((await send('any', sign(subscription('/?Action=ConfirmSubscription&Token=good')))).status, 200);
	await says('The SNS subscription of *any* is confirmed');
	assert.equal(asked('/?Action=ConfirmSubscription&Token=good'), 1);
	let tries = 0;
	pages['/?Action=ConfirmSubscription&Token=slow'] = () => (++tries < 2 ? { status: 500, text: '' } : '<ok/>');
	assert.equal((await send('one', sign(subscription('/?Action=ConfirmSubscription&Token=slow')))).status, 200);
	await says('The SNS subscription of *one* is confirmed');
	assert.equal(tries, 2);
});

test('what cannot be confirmed is told too, and no redirect is followed', { skip }, async () => {
	pages['/?Action=ConfirmSubscription&Token=old'] = { status: 403, text: 'expired' };
	pages['/?Action=ConfirmSubscription&Token=away'] = { status: 302, headers: { location: '/secret' }, text: '' };
	assert.equal((await send('key', subscription('/?Action=ConfirmSubscription&Token=old'))).status, 200);
	await says('The SNS subscription of *key* could not be confirmed: SNS answered 403');
	assert.equal((await send('key', subscription('/?Action=ConfirmSubscription&Token=away'))).status, 200);
	await says('could not be confirmed: SNS answered 302');
	assert.equal(asked('/secret'), 0);
});

test('a source with its key alone calls only SNS; one that asks for signatures calls nothing unsigned', { skip }, async () => {
	const before = seen.length;
	for (const url of ['http://127.0.0.1:1/', `${base}@evil.example/`, 'https://169.254.169.254/latest/meta-data/', 'https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1']) {
		const r = await send('key', subscription(url));
		assert.deepEqual([r.status, r.detail], [400, 'the SubscribeURL is no address of SNS, and is not called']);
	}
	assert.equal((await send('any', subscription('/?Action=ConfirmSubscription&Token=good'))).status, 403);
	assert.equal((await send('any', { ...sign(subscription('/?Action=ConfirmSubscription&Token=good')), SubscribeURL: `${base}/other` })).status, 403);
	assert.equal(seen.length, before);
	assert.equal((await d.api('/v1/status')).outbox.waiting, 0);
});

test("without sns_ca the server's certificate is checked with the system's: nothing is taken from it", { skip }, async () => {
	const other = await daemon(['--sns-endpoint', base]);
	try {
		const made = JSON.parse(execFileSync(bin, ['provision', '--data', other.data, join(dir, 'sns.yaml')], { encoding: 'utf8' }));
		const r = await fetch(made.sources.any.url, { method: 'POST', body: JSON.stringify(sign(alarm('x'))) });
		assert.equal(r.status, 503);
		assert.match((await r.json()).detail, /certificate/);
	} finally {
		await other.stop();
	}
});
