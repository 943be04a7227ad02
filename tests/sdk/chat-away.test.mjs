// When Slack is away: the channels say so and go on, people get a mail, and what was said is told there once, in order and marked when it is back. Slack is
// another opsroomd, which is killed; opsroom's clock is virtual.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { cli, daemon, until } from './daemon.mjs';

const dir = mkdtempSync(join(tmpdir(), 'opsroom-away-')), put = (name, text) => (writeFileSync(join(dir, name), text), join(dir, name)), mails = [];
let slack, d, smtp;
const say = (text, more = {}) => d.api('/api/chat.postMessage', { body: { channel: d.made.channels.ops.id, text, ...more } });
const advance = (by) => d.api('/v1/advance', { body: { by }, token: d.adminToken() });
const said = async (of) => (await of.api('/api/conversations.history', { body: { channel: of.made.channels.ops.id, limit: 200 } })).messages.reverse();
const chats = async () => (await d.api('/v1/commands', { body: { line: 'chats' } })).data.chats[0];
const told = (text) => until(async () => (await advance('2s'), (await said(slack)).find((m) => m.text.includes(text))), `Slack has ${text}`, 60000);

before(async () => {
	smtp = new SMTPServer({ logger: false, authOptional: true, disabledCommands: ['STARTTLS'], onData(stream, session, done) {
		const parts = [];
		stream.on('data', (b) => parts.push(b)).on('end', () => { mails.push({ to: session.envelope.rcptTo[0].address, text: Buffer.concat(parts).toString() }); done(); });
	} });
	await new Promise((r) => smtp.listen(0, '127.0.0.1', r));
	slack = await daemon(['--slack-rates', '0']);
	const app = await slack.api('/v1/apps', { body: { name: 'sre', manifest: JSON.parse(execFileSync(cli, ['slack', 'manifest', '--command', '/sre', '--name', 'sre'], { encoding: 'utf8' })) } });
	put('token', app.bot_token);
	put('app-token', app.app_token);
	d = await daemon(['--clock', '2026-03-02T02:00:00Z', '--mail-server', `smtp://127.0.0.1:${smtp.server.address().port}`, '--mail-from', 'opsroom@example.org', '--chats',
		put('chats.yaml', `chats: {slack: {system: slack, url: "${slack.url}/api/", token_file: token, app_token_file: app-token, channels: [ops], mail: [ann]}}\n`)]);
	await until(async () => (await chats()).state === 'connected' && (await chats()).channels.length, 'it is linked');
});
after(async () => { await d?.stop(); await slack?.stop(); smtp?.close(); rmSync(dir, { recursive: true, force: true }); });

test('away: the channel says so, ann has a mail with the way to the console, and the talk goes on', async () => {
	await say('before');
	await told('before');
	await slack.kill();
	await until(async () => (await chats()).state !== 'connected', 'it is noticed', 30000);
	await advance('20s');
	assert.equal((await chats()).state, 'away');
	assert.match((await said(d)).at(-1).text, /slack has not answered since .* This channel goes on here/);
	await until(() => mails.length === 1, 'a mail');
	assert.equal(mails[0].to, 'ann@example.com');
	assert.match(mails[0].text, /Subject: slack does not answer: go on in opsroom/);
	assert.ok(mails[0].text.includes(d.url), 'it says where');
	for (let i = 0; i < 5; i++) assert.ok((await say(`meanwhile ${i}`)).ok);
	assert.equal((await chats()).channels[0].waiting, 5);
	await advance('10m');
	assert.equal(mails.length, 1, 'once');
});

test('a restart of opsroom meanwhile forgets nothing', async () => {
	await d.kill();
	await d.restart();
	await advance('1m');
	assert.equal((await chats()).channels[0].waiting, 5);
	assert.equal((await said(d)).filter((m) => /has not answered since/.test(m.text)).length, 1, 'and tells nobody again');
	assert.equal(mails.length, 1);
});

test('back: what was said is told there once, in its order, each with its time; the channel says so', async () => {
	await slack.restart();
	await told('meanwhile 4');
	const there = (await said(slack)).filter((m) => /meanwhile/.test(m.text));
	assert.deepEqual(there.map((m) => /meanwhile (\d)/.exec(m.text)[1]), ['0', '1', '2', '3', '4']);
	for (const m of there) assert.match(m.text, /_said at 02:00 UTC, while slack was away_/);
	assert.match((await said(d)).at(-1).text, /slack is back after \d+ minutes: what was said here meanwhile is on its way there/);
	await say('after');
	assert.equal((await told('after')).text, 'after');
	assert.ok(!(await said(slack)).some((m) => /has not answered|is back/.test(m.text)), 'the notes about it are for here alone');
});

test('much that was said becomes few messages', async () => {
	await slack.kill();
	await until(async () => (await chats()).state !== 'connected', 'it is noticed', 30000);
	await advance('20s');
	for (let i = 0; i < 100; i++) await say(`flood ${i}.`);
	await advance('5m');
	await slack.restart();
	await told('flood 99.');
	const there = (await said(slack)).filter((m) => /flood/.test(m.text));
	assert.ok(there.length <= 5, `${there.length} messages`);
	assert.deepEqual(there.flatMap((m) => m.text.match(/flood \d+\./g)), Array.from({ length: 100 }, (_, i) => `flood ${i}.`));
	assert.equal(mails.length, 2);
});
