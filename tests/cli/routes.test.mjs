// opsroom routes test and show, from a file and from a running daemon; and where the events of source test would go.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { daemon, folder, opsroom } from './helper.mjs';

const alerting = `route:
  receiver: everybody
  group_by: [alertname]
  routes:
    - {matchers: ['severity="page"'], receiver: everybody, continue: true}
    - matchers: ['team="db"']
      receiver: db
      group_by: [host]
      routes: [{matchers: ['note="it''s \\"so\\" \\\\ “x” é"'], receiver: nobody, mute_time_intervals: [always]}]
    - {matchers: ['__source__="backups"'], receiver: service}
    - {matchers: ['__tool__="pingdom"'], receiver: source}
receivers: [{name: everybody, channel: general}, {name: db, channel: "#db"}, {name: nobody, channel: db}]
inhibit_rules: [{source_matchers: ['alertname="HostDown"'], target_matchers: ['severity="warning"'], equal: [host]}]
time_intervals: [{name: always, time_intervals: [{years: ['2000:2999']}]}]
services: [{name: store, matchers: ['team="store"'], channel: store}]
`;
const note = `note="it's \\"so\\" \\\\ “x” é"`;

async function world(t) {
	const home = folder(t), file = join(home, 'alerting.yaml');
	writeFileSync(file, alerting);
	return { home, file, d: await daemon(t, home, ['--alerting', file]) };
}

test('the daemon and its file give the same answers', async (t) => {
	const { home, file, d } = await world(t);
	for (const [labels, receivers] of [[['a=b'], 'everybody'], [['severity=page'], 'everybody'], [['severity=page', 'team=db'], 'everybody,db'], [['team=db', note], 'nobody'],
		[['__source__=backups'], 'service'], [['__tool__=pingdom', 'x='], 'source'], [[], 'everybody']]) {
		const offline = await opsroom(home, ['routes', 'test', '--file', file, ...labels]), asked = await opsroom(home, ['--data', d.data, 'routes', 'test', ...labels]);
		assert.equal(offline.code, 0, offline.err);
		assert.equal(asked.code, 0, asked.err);
		assert.equal(offline.out.split('\n')[0], receivers, labels.join(' '));
		assert.equal(asked.out, offline.out);
		const json = await opsroom(home, ['routes', 'test', '--file', file, '--json', ...labels]);
		assert.deepEqual(JSON.parse(json.out), JSON.parse((await opsroom(home, ['--data', d.data, 'routes', 'test', '--json', ...labels])).out));
		assert.equal(JSON.parse(json.out).routes.filter((r) => r.taken).map((r) => r.receiver).join(','), receivers);
	}
	const why = await opsroom(home, ['routes', 'test', '--file', file, 'team=web']);
	assert.match(why.out, /^-> {2}\{\} +everybody +2 +it matches, and none of its routes does$/m);
	assert.match(why.out, /^ +\{team="db"\} +db +6 +team="db" does not fit: it is "web"$/m);
	assert.match(why.out, /not asked: the route above it does not match/);
	assert.match((await opsroom(home, ['routes', 'test', '--file', file, 'team=db'])).out, /not asked: a route before it was taken and does not continue/);
	assert.match((await opsroom(home, ['routes', 'test', '--file', file, 'team=store'])).out, /^service: store$/m);
});

test('--verify.receivers, wrong labels, wrong files', async (t) => {
	const { home, file, d } = await world(t);
	for (const [args, code, words] of [[['--verify.receivers', 'everybody,db', 'severity=page', 'team=db'], 0, /^$/], [['--verify.receivers=db', 'team=web'], 1, /not those that were expected: db/],
		[['team!=db'], 2, /a label has one value/], [['te-am=db'], 2, /bad matcher format/], [['--file', '/no/file', 'a=b'], 5, /\/no\/file/]]) {
		for (const where of args[0] === '--file' ? [[]] : [['--file', file], ['--data', d.data]]) {
			const r = await opsroom(home, ['routes', 'test', ...where, ...args]);
			assert.equal(r.code, code, `${args}: ${r.err}`);
			assert.match(r.err, words);
		}
	}
	const alone = await opsroom(home, ['routes', 'test', 'a=b']);
	assert.equal(alone.code, 3);
	assert.match(alone.err, /which server/);
});

test('routes show prints the tree', async (t) => {
	const { home, file, d } = await world(t);
	const shown = await opsroom(home, ['routes', 'show', '--file', file]);
	assert.match(shown.out, /^\{\} +everybody +#general +alertname +0 s, 10 s, 4 h +2$/m);
	assert.match(shown.out, /^ {2}\{severity="page"\} \(continue\) +everybody +#general +alertname /m);
	assert.match(shown.out, /^ {2}\{__source__="backups"\} +service +- /m);
	assert.equal((await opsroom(home, ['--data', d.data, 'routes', 'show'])).out, shown.out);
});

test('source test says where its events would go, and what keeps them quiet', async (t) => {
	const { home, file, d } = await world(t);
	const body = join(home, 'body.json');
	writeFileSync(body, JSON.stringify({ title: 'Disk full', status: 'firing', labels: { team: 'db', host: 'h1' } }));
	const silent = async (...args) => opsroom(home, ['source', 'test', 'generic', body, ...args]);

	const offline = await silent('--alerting', file);
	assert.match(offline.out, /^ {2}route {3}\{\}\/\{team="db"\}\n {2}told {4}db, #db\n {2}group {3}\{\}\/\{team="db"\}:\{host="h1"\}$/m);
	assert.match((await silent('--alerting', file, '--source', 'backups')).out, /told {4}db/);
	const nobody = await silent();
	assert.match(nobody.out, /^firing warning {2}Disk full$/m);
	assert.ok(!/told/.test(nobody.out) && !nobody.err, 'there is nobody to ask');
	const asked = await silent('--data', d.data);
	assert.equal(asked.out, offline.out);

	await opsroom(home, ['--data', d.data, 'run', 'silence', 'team=db', '1h', 'testing']);
	assert.match((await silent('--data', d.data)).out, /^ {2}quiet {3}silenced by [0-9a-f-]{36}$/m);
	const events = JSON.parse((await silent('--data', d.data, '--json')).out);
	assert.deepEqual(Object.keys(events), ['accept', 'events']);

	await fetch(`${d.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([{ labels: { alertname: 'HostDown', host: 'h1', severity: 'page' } }]) });
	assert.match((await silent('--data', d.data)).out, /^ {2}quiet {3}inhibited by the alert [0-9a-f]{16}$/m);

	writeFileSync(body, JSON.stringify({ title: 'Disk full', status: 'firing', labels: { team: 'db', note: `it's "so" \\ “x” é` } }));
	assert.match((await silent('--data', d.data)).out, /^ {2}quiet {3}muted by always$/m);
	writeFileSync(body, JSON.stringify({ title: 'Deployed', status: 'info' }));
	assert.match((await silent('--alerting', file)).out, /told {4}once, in the channel of its source/);
});

test('a daemon that does not answer is said, and the events are shown all the same', async (t) => {
	const home = folder(t), body = join(home, 'body.json');
	writeFileSync(body, JSON.stringify({ title: 'Disk full', status: 'firing' }));
	const r = await opsroom(home, ['source', 'test', 'generic', body, '--url', 'http://127.0.0.1:9', '--token', 'x']);
	assert.equal(r.code, 0);
	assert.match(r.out, /Disk full/);
	assert.match(r.err, /where it would be routed is not known/);
});
