// One suite for every chat that opsroom lives in, our own included: what people there see and do. A driver speaks for the chat:
//   name       as in the chats file; '' for our own
//   can        Set of threads, buttons, edit, drop, react, whisper
//   d          the opsroom under test, with the channel #ops linked
//   say(who, text, thread)  edit(who, id, text)  drop(who, id)  react(who, id, name)
//   seen()     the messages of its #ops: [{id, text, who, thread, choices: [text]}], oldest first; text is all that people read
//   press(who, message, choice)
//   direct     {say(who, text), seen(who)}: their direct message with @srebot; undefined: not tried
//   whispered(who)  what that person alone was told: [text]
// who: 'ann' is an admin, and the same person as ann here; 'vic' may look. Each is the account that `account(who)` names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { bin, until } from './daemon.mjs';

const uniq = (() => { let n = 0; return (word) => `${word}${++n}`; })();

export function suite(make) {
	let v;
	const it = (what, run) => test(what, async (t) => { await run(t); });
	const see = (match, what) => until(async () => (await v.seen()).find((m) => (match instanceof RegExp ? match.test(m.text) : m.text.includes(match))), what ?? `${v.name || 'our chat'} shows ${match}`);
	const api = (method, body, token) => v.d.api(`/api/${method}`, { body, token });
	const here = () => v.d.made.channels.ops.id;
	const history = async () => (await api('conversations.history', { channel: here(), limit: 200 })).messages.reverse();
	const heard = (text) => until(async () => (await history()).find((m) => m.text.includes(text)), `opsroom has ${text}`);
	let url; // of a source that tells its alerts in #ops
	const fire = async (name, status = 'firing') => {
		const r = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
			version: '4', status, receiver: 'x', groupLabels: { alertname: name }, commonLabels: { alertname: name, severity: 'page' }, commonAnnotations: {}, externalURL: 'http://am', groupKey: name,
			alerts: [{ status, labels: { alertname: name, severity: 'page' }, annotations: { summary: `${name} is high` }, startsAt: '2026-03-02T02:00:00Z', endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString(), fingerprint: name }] }) });
		assert.equal(r.status, 200);
	};
	const alert = async (name) => until(async () => (await v.d.api('/v1/alerts?state=all')).alerts.find((a) => JSON.stringify(a).includes(name)), `alert ${name}`);

	test('made', async () => {
		v = await make();
		const file = `${v.d.data}.suite.yaml`;
		writeFileSync(file, 'sources: [{name: suite, tool: alertmanager, channel: ops}]\n');
		url = JSON.parse(execFileSync(bin, ['provision', '--data', v.d.data, file], { encoding: 'utf8' })).sources.suite.url;
	});

	it('what is said there is said here, by the same person, once', async () => {
		const text = uniq('good morning ');
		await v.say('ann', `${text} & <all>`);
		const m = await heard(text);
		assert.equal(m.user, v.d.made.users.ann.id);
		assert.equal(m.text, `${text} &amp; &lt;all&gt;`);
		await v.say('ann', 'second');
		await heard('second');
		assert.equal((await history()).filter((o) => o.text.includes(text)).length, 1);
		assert.equal((await v.seen()).filter((o) => o.text.includes(text)).length, 1, 'and it is not echoed');
	});

	it('what is said here is said there, and by whom', async () => {
		const text = uniq('from here ');
		await api('chat.postMessage', { channel: here(), text: `*${text}*` });
		const m = await see(text);
		assert.match(`${m.who ?? ''} ${m.text}`, /ann/);
	});

	it('a command is answered', async () => {
		await v.say('ann', '!status');
		await see(/alert|nothing|firing|quiet/i, 'an answer to !status');
	});

	it('an alert is shown there, is taken by a press there, and shows who has it', async () => {
		const name = uniq('HighLoad');
		await fire(name);
		const m = await see(name);
		assert.ok(m.choices.some((c) => /Acknowledge/.test(c)), `choices: ${m.choices}`);
		await v.press('ann', m, /Acknowledge/);
		await until(async () => /ann|acknowledged/i.test(JSON.stringify(await alert(name))) && (await alert(name)).state === 'acknowledged', 'it is acknowledged here');
		await until(async () => (await v.seen()).some((o) => o.text.includes(name) && /acknowledged|ann/i.test(o.text)), 'and it says so there');
		await fire(name, 'resolved');
		await until(async () => (await v.seen()).some((o) => o.text.includes(name) && /resolved/i.test(o.text)), 'and that it is over');
	});

	it('who may not, is told so alone', async () => {
		const name = uniq('DiskFull');
		await fire(name);
		const m = await see(name);
		await v.press('vic', m, /Resolve/);
		await until(async () => (await v.whispered('vic')).some((t) => /may not|need|role|allowed/i.test(t)), 'vic is refused');
		assert.equal((await alert(name)).state, 'firing');
		await fire(name, 'resolved');
	});

	it('a thread is a thread on both sides', async () => {
		const text = uniq('a root ');
		const id = await v.say('ann', text), root = await heard(text);
		await api('chat.postMessage', { channel: here(), thread_ts: root.ts, text: `reply to ${text}` });
		const m = await see(`reply to ${text}`);
		if (v.can.has('threads')) {
			assert.equal(m.thread, id);
			await v.say('ann', `there too, ${text}`, id);
			await until(async () => (await api('conversations.replies', { channel: here(), ts: root.ts })).messages.some((o) => o.text.includes('there too')), 'the reply stands in the thread');
		} else {
			assert.ok(m.text.includes('↳'), m.text);
		}
	});

	it('edits, deletions and reactions go both ways, as far as the chat can', async () => {
		const mine = uniq('typo '), theirs = uniq('tipo ');
		const { ts } = await api('chat.postMessage', { channel: here(), text: mine });
		const m = await see(mine);
		const id = await v.say('ann', theirs);
		const o = await heard(theirs);
		if (v.can.has('edit')) {
			await api('chat.update', { channel: here(), ts, text: `${mine} fixed` });
			await until(async () => (await v.seen()).find((s) => s.id === m.id)?.text.includes('fixed'), 'the edit there');
			await v.edit('ann', id, `${theirs} fixed`);
			await heard(`${theirs} fixed`);
		}
		if (v.can.has('react')) {
			await v.react('ann', id, 'eyes');
			await until(async () => (await api('reactions.get', { channel: here(), timestamp: o.ts })).message.reactions?.some((r) => r.name === 'eyes'), 'the reaction here');
		}
		if (v.can.has('drop')) {
			await api('chat.delete', { channel: here(), ts });
			await until(async () => !(await v.seen()).some((s) => s.id === m.id), 'it is gone there');
			await v.drop('ann', id);
			await until(async () => !(await history()).some((s) => s.text.includes(theirs)), 'it is gone here');
		}
	});

	it('what is said to @srebot alone is answered alone', async () => {
		if (!v.direct) return;
		const before = (await v.direct.seen('vic')).length;
		await v.direct.say('vic', 'status');
		await until(async () => (await v.direct.seen('vic')).length >= before + 2, 'an answer in the direct message');
	});

	it('a long text arrives whole, both ways', async () => {
		const words = Array.from({ length: 900 }, (_, i) => `w${i}`).join(' '), start = uniq('long ');
		await api('chat.postMessage', { channel: here(), text: `${start} ${words} end${start}` });
		const all = async () => (await v.seen()).map((m) => m.text).join(' ');
		await until(async () => (await all()).includes(`end${start}`) || /more:|…/.test(await all()), 'the end of it');
		const there = await all();
		for (const n of [0, 100, 200]) assert.ok(there.includes(`w${n}`), `w${n}`);
	});

	it('what is said while opsroom is killed and started again is neither lost nor doubled', async () => {
		const mark = uniq('kill');
		for (let i = 0; i < 12; i++) await api('chat.postMessage', { channel: here(), text: `${mark}-${i}.` });
		await until(async () => (await v.seen()).filter((m) => m.text.includes(`${mark}-`)).length >= 3, 'some are there');
		await v.d.kill();
		await v.d.restart();
		await see(`${mark}-11.`);
		const said = (await v.seen()).flatMap((m) => m.text.match(new RegExp(`${mark}-\\d+\\.`, 'g')) ?? []);
		assert.deepEqual(said.filter((s, i) => said.indexOf(s) === i), Array.from({ length: 12 }, (_, i) => `${mark}-${i}.`), 'all of them, in order');
		if (v.can.has('exactly')) assert.equal(said.length, 12, 'each once');
	});

	test('ended', async () => { await v.end(); });
}
