// opsroom on IRC: Debian's InspIRCd with TLS, SASL and accounts, its ngircd with neither, and servers by hand for what those do not do.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { daemon, until } from './daemon.mjs';
import { free_port, missing } from './counterparts.mjs';
import * as irc from './irc.mjs';

const skip = missing('/usr/sbin/ngircd', 'ngircd') || missing('/usr/sbin/inspircd', 'inspircd');
// What a test that failed left running is ended at the end.
const ends = [];
const keep = (make, end) => async (...args) => {
	const made = await make(...args);
	ends.push(() => made[end]());
	return made;
};
const client = keep(irc.client, 'end'), inspircd = keep(irc.inspircd, 'stop'), ngircd = keep(irc.ngircd, 'stop'), peer = keep(irc.peer, 'end'), services = keep(irc.services, 'end');
let f;
before(() => { f = irc.folder(); irc.certificates(f); writeFileSync(f.path('password'), 'secret\n'); });
after(async () => {
	for (const end of ends.reverse()) await end();
	f.remove();
});

// One daemon with a chats file of one chat, "net".
let files = 0;
async function opsroom(net, options = []) {
	const file = f.path(`chats${files++}.yaml`);
	writeFileSync(file, JSON.stringify({ chats: { net: { system: 'irc', channels: [{ here: 'ops', there: 'ops' }], role: 'responder', ...net } } }));
	const d = await keep(daemon, 'stop')(['--chats', file, ...options]);
	const post = async (text, { channel = 'ops', ...more } = {}) => (await d.api('/api/chat.postMessage', { body: { channel: d.made.channels[channel].id, text, ...more } })).ts;
	const messages = async (channel = 'ops') => (await d.api(`/api/conversations.history?limit=200&channel=${d.made.channels[channel].id}`)).messages;
	return Object.assign(d, {
		post, messages,
		comes: (text, channel) => until(async () => (await messages(channel)).find((m) => m.text === text), `"${text}" comes here`),
		replies: async (ts) => (await d.api(`/api/conversations.replies?ts=${ts}&channel=${d.made.channels.ops.id}`)).messages,
		isUp: (times = 1) => until(() => d.log.split('chat.up').length > times, 'the chat is up', 30000),
		fire: (name) => fetch(d.made.sources.prod.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ version: '4', status: 'firing', groupKey: name,
			alerts: [{ status: 'firing', labels: { alertname: name, severity: 'page' }, annotations: { summary: `${name} is bad` }, startsAt: '2026-03-02T01:59:00Z' }] }) }),
	});
}
const counted = (list, what) => list.filter((x) => x === what).length;

test('InspIRCd: TLS, SASL, accounts', { skip }, async (t) => {
	const tlsPort = await free_port(), linkPort = await free_port(), strictPort = await free_port();
	const server = await inspircd(f, 'i1.example', { tlsPort, linkPort, strictPort });
	const link = await services(linkPort, { srebot: 'secret', ann: 'pw', ben: 'pw' });
	const d = await opsroom({ server: `localhost:${tlsPort}`, ca_file: 'ca.pem', account: 'srebot', password_file: 'password',
		channels: [{ here: 'ops', there: 'ops' }, { here: 'sre-alerts', there: 'alerts' }] });
	const caps = ['account-tag', 'message-tags'];
	await d.isUp();
	const ann = await client(server.port, 'ann', { account: 'ann', password: 'pw', caps, join: ['#ops', '#alerts'] });
	const mallory = await client(server.port, 'mallory', { caps, join: ['#ops'] });
	ann.say('OPER root root');
	await ann.sees(/ 381 /);
	ann.say('SAMODE #ops +o ann');
	await ann.sees(/ MODE #ops \+o :?ann/);

	await t.test('messages go both ways, with who said them and how it looks', async () => {
		await d.post('hello *IRC* at <https://x.example/a|the board> & <!here>');
		assert.match(await ann.sees(/hello/), /account=srebot.* :srebot!\S+ PRIVMSG #ops :<ann> hello \x02IRC\x02 at the board \(https:\/\/x\.example\/a\) & @here$/);
		ann.said('#ops', 'good morning <all>');
		const m = await d.comes('good morning &lt;all&gt;');
		const person = (await d.api(`/api/users.info?user=${m.user}`)).user;
		assert.deepEqual([person.name, person.real_name], ['ann-net', 'ann']); // an account of IRC is not the account here that happens to be called so
		ann.said('#ops', '\x01ACTION waves\x01');
		await d.comes('_waves_');
		mallory.said('#ops', 'hi, I am ann');
		const unproven = await d.comes('hi, I am ann');
		assert.equal(unproven.username, 'mallory (net)');
		assert.equal(counted(ann.heard('srebot'), '<ann-net> good morning <all>'), 0); // what was heard there is not told there
	});

	await t.test('commands by nick and by !; who cannot prove who they are runs none', async () => {
		ann.said('#ops', 'SREBOT, whoami');
		await ann.sees(/ (PRIVMSG #ops|NOTICE ann) :.*ann-net/i, 'the answer');
		ann.said('#ops', '!whoami');
		await until(() => ann.heard('srebot').filter((x) => /ann-net/.test(x)).length === 2, 'the answer again');
		ann.said('#ops', '!nosuchthing');
		await d.comes('!nosuchthing');
		ann.said('srebot', 'nosuchthing');
		await ann.sees(/ (NOTICE|PRIVMSG) ann :.*nosuchthing/, 'the answer to a direct message');
		mallory.said('#ops', 'srebot: whoami');
		await until(async () => (await d.messages()).find((m) => m.username === 'mallory (net)' && /whoami/.test(m.text)), 'what mallory said');
		await mallory.sees(/ NOTICE mallory :I take that from people who are logged in/);
		assert.equal(mallory.heard('srebot', '#ops').filter((x) => /mallory/.test(x)).length, 0);
	});

	await t.test('an alert has numbered choices; a choice is a press, a number a thread', async () => {
		assert.equal((await d.fire('Load')).status, 200);
		const line = await ann.sees(/ PRIVMSG #alerts :\[1\] .*1\.1 /, 'the alert with its choices');
		const acknowledge = /1\.(\d+) Acknowledge/.exec(line)?.[1];
		assert.ok(acknowledge, line);
		ann.said('#alerts', '1: looking at it');
		await until(async () => (await d.messages('sre-alerts')).find((m) => m.reply_count), 'the reply is in its thread');
		const root = (await d.messages('sre-alerts')).find((m) => m.reply_count);
		await d.post('me too', { channel: 'sre-alerts', thread_ts: root.ts });
		await ann.sees(/ PRIVMSG #alerts :\[1\] ↳ ann: me too$/);
		ann.said('#alerts', `1.${acknowledge}`);
		await ann.sees(/ PRIVMSG #alerts :\[1\] .*, acknowledged - 1\.1 Resolve, 1\.2 /, 'that it is acknowledged');
		assert.equal((await d.messages('sre-alerts')).filter((m) => m.text === `1.${acknowledge}`).length, 0);
		const ts = await d.post('the root of it');
		await d.post('a reply', { thread_ts: ts });
		await ann.sees(/ PRIVMSG #ops :↳ “the root of it” ann: a reply$/);
	});

	await t.test('topics go both ways', async () => {
		await d.api('/api/conversations.setTopic', { body: { channel: d.made.channels.ops.id, topic: 'no deploys today' } });
		await ann.sees(/^\S* ?:srebot!\S+ TOPIC #ops :no deploys today$|TOPIC #ops :no deploys today$/);
		await until(() => { // InspIRCd changes a topic once a second at most
			ann.say('TOPIC #ops :deploys again');
			return ann.lines.some((l) => /:ann!\S+ TOPIC #ops :deploys again/.test(l));
		}, 'the topic changes');
		await until(async () => (await d.api(`/api/conversations.info?channel=${d.made.channels.ops.id}`)).channel.topic.value === 'deploys again', 'the topic comes here');
	});

	await t.test('another nick is the same person; our own is taken away and comes back', async () => {
		ann.say('NICK ann|away');
		await ann.sees(/NICK :?ann\|away/);
		ann.said('#ops', 'still me');
		const m = await d.comes('still me');
		assert.equal((await d.api(`/api/users.info?user=${m.user}`)).user.name, 'ann-net');
		await d.post('who? <@' + m.user + '>');
		await ann.sees(/who\? ann\|away$/);
		ann.say('NICK ann');
		ann.say('SANICK srebot Guest1');
		await ann.sees(/ NICK :?Guest1/);
		await d.post('under another name');
		await ann.sees(/:(Guest1|srebot)!\S+ PRIVMSG #ops :<ann> under another name/);
		await ann.sees(/:Guest1!\S+ NICK :?srebot/);
	});

	await t.test('after a kick it comes back, and what was said waits', async () => {
		ann.say('KICK #ops srebot :away with you');
		await ann.sees(/ KICK #ops srebot /);
		await d.post('while it was out');
		await until(() => ann.lines.filter((l) => /:srebot!\S+ JOIN :?#ops/.test(l)).length, 'it comes back', 30000);
		await until(() => ann.heard('srebot', '#ops').some((x) => x.startsWith('<ann> while it was out')), 'what waited', 60000);
		assert.ok(ann.heard('srebot', '#ops').includes('<ann> while it was out'), 'it is not in doubt');
	});

	await t.test('an invitation to a channel that is none of ours is nothing', async () => {
		ann.say('JOIN #else');
		ann.say('INVITE srebot #else');
		await ann.sees(/ 341 /);
		await d.post('still only here');
		await ann.sees(/still only here/);
		assert.ok(!ann.lines.some((l) => /:srebot!\S+ JOIN :?#else/.test(l)));
	});

	await t.test('what is too long is cut between words, at most eight lines', async () => {
		const before = ann.heard('srebot', '#ops').length;
		await d.post(Array.from({ length: 900 }, (_, i) => `grüße${i}`).join(' '));
		await ann.sees(/… more: http/, 'where the rest is');
		const lines = ann.heard('srebot', '#ops').slice(before);
		assert.equal(lines.length, 8);
		assert.ok(lines.every((l) => l.startsWith('<ann> ')));
		assert.match(lines[7], /^<ann> … more: http:\/\/\S+\/archives\/\w+\/p\d+$/);
		const words = lines.slice(0, 7).map((l) => l.slice(6)).join(' ').split(' ');
		assert.deepEqual(words, Array.from({ length: words.length }, (_, i) => `grüße${i}`)); // none is lost or broken: the server cut nothing
		assert.ok(ann.lines.every((l) => Buffer.byteLength(l.replace(/^@\S+ /, '')) <= 510));
	});

	await t.test('as much as the server takes, and all of it; who takes no heed is thrown out', async () => {
		const flooder = await client(strictPort, 'flooder', { join: ['#ops'] });
		for (let i = 0; i < 20; i++) flooder.said('#ops', `flood ${i}`);
		await until(() => flooder.closed, 'the server ends the flood');
		assert.match(flooder.lines.at(-1), /Excess Flood/);
		for (let i = 0; i < 14; i++) await d.post(`line ${i}`);
		await until(() => ann.heard('srebot').some((l) => l.endsWith(' line 13')), 'the last line', 60000);
		assert.deepEqual(ann.heard('srebot').filter((l) => / line \d+$/.test(l)), Array.from({ length: 14 }, (_, i) => `<ann> line ${i}`));
		assert.ok(!d.log.includes('chat.down'));
	});

	await t.test('killed and started again, it says everything once', async () => {
		for (let i = 0; i < 4; i++) await d.post(`crash ${i}`);
		await ann.sees(/crash 0/);
		await d.kill();
		await d.restart();
		await ann.sees(/crash 3/, 'the last');
		const heard = ann.heard('srebot', '#ops').concat(ann.heard('srebot_', '#ops'));
		for (let i = 0; i < 4; i++) {
			const all = heard.filter((l) => l.endsWith(`crash ${i}`));
			assert.ok(all.length >= 1, `crash ${i} is not lost`);
			assert.ok(all.slice(1).every((l) => l.includes('(perhaps said before)')), `crash ${i} is not doubled without a word: ${all}`);
		}
	});

	await ann.end();
	await mallory.end();
	await d.stop();
	link.end();
	await server.stop();
});

test('InspIRCd: SASL by certificate; a wrong password is said and not tried again', { skip }, async () => {
	const tlsPort = await free_port(), linkPort = await free_port();
	const server = await inspircd(f, 'i2.example', { tlsPort, linkPort });
	const { X509Certificate } = await import('node:crypto');
	const { readFileSync } = await import('node:fs');
	const fingerprint = new X509Certificate(readFileSync(f.path('client.pem'))).fingerprint256.replaceAll(':', '').toLowerCase();
	const link = await services(linkPort, { srebot: 'other' }, { [fingerprint]: 'robot' });
	const net = { server: `localhost:${tlsPort}`, ca_file: 'ca.pem' };
	const d = await opsroom({ ...net, certificate: 'client.pem', key_file: 'client.key' });
	await d.isUp();
	const ann = await client(server.port, 'ann', { caps: ['account-tag'], join: ['#ops'] });
	await d.post('it is me');
	await ann.sees(/account=robot \S+ PRIVMSG #ops :<ann> it is me|account=robot\S* :srebot!\S+ PRIVMSG #ops :<ann> it is me/);
	await d.stop();
	const wrong = await opsroom({ ...net, account: 'srebot', password_file: 'password' });
	await until(() => /chat\.refused chat=net why="services do not take/.test(wrong.log), 'the refusal');
	assert.ok(!wrong.log.includes('secret'));
	const stranger = await opsroom({ server: `localhost:${tlsPort}` }); // the system's authorities do not know ours
	await until(() => /chat\.down chat=net why=.*certificate/.test(stranger.log), 'that the certificate is not good');
	await wrong.stop();
	await stranger.stop();
	await ann.end();
	link.end();
	await server.stop();
});

test('ngircd: no capabilities, no accounts', { skip }, async (t) => {
	const tlsPort = await free_port();
	const server = await ngircd(f, 'n1.example', { tlsPort });
	const ann = await client(server.port, 'ann', { join: ['#ops'] });
	const holder = await client(server.port, 'srebot');
	const d = await opsroom({ server: `127.0.0.1:${tlsPort}`, ca_file: 'ca.pem', by_nick: true });
	await d.isUp();

	await t.test('a nick that is taken; people by their nick', async () => {
		await d.post('under another name');
		await ann.sees(/:srebot_!\S+ PRIVMSG #ops :<ann> under another name/);
		await holder.end();
		await ann.sees(/:srebot_!\S+ NICK :?srebot/);
		ann.said('#ops', 'hello there');
		const m = await d.comes('hello there');
		assert.equal((await d.api(`/api/users.info?user=${m.user}`)).user.name, 'ann-net');
		ann.said('#ops', 'gr\xfcn');
		await d.comes('gr\xfcn');
	});

	await t.test('a channel that takes nothing from us is said here', async () => {
		ann.say('MODE #ops +m');
		await ann.sees(/MODE #ops \+m/);
		await d.post('nobody hears this');
		await until(async () => (await d.messages()).find((m) => /was not told of a message: the channel takes nothing/.test(m.text)), 'the note');
		ann.say('MODE #ops -m');
		await d.post('now they do');
		await ann.sees(/now they do/);
		assert.equal(counted(ann.heard('srebot'), '<ann> nobody hears this'), 0);
	});

	await t.test('the server goes and comes: what was said meanwhile is told then', async () => {
		await server.stop('SIGKILL');
		await until(() => d.log.includes('chat.down'), 'that it is gone', 30000);
		await d.post('said meanwhile');
		await server.start();
		const ben = await client(server.port, 'ben', { join: ['#ops'] });
		await d.isUp(2);
		await until(() => ben.heard('srebot').some((l) => l.startsWith('<ann> said meanwhile')), 'what was said meanwhile', 30000);
		await ben.end();
	});

	await t.test('a server that hangs is noticed within 30 s', async () => {
		server.pause();
		const downs = d.log.split('chat.down').length;
		await until(() => d.log.split('chat.down').length > downs, 'that it hangs', 30000);
		assert.match(d.log, /chat\.down chat=net why="the server does not answer any more"/);
		server.resume();
		await d.isUp(3);
	});

	await d.stop();
	await server.stop();
});

test('two ngircds that lose each other: nobody is told as gone, and nobody as somebody else', { skip }, async () => {
	const linkPort = await free_port();
	const a = await ngircd(f, 'a.example', { ports: linkPort, links: [{ name: 'b.example' }] });
	const b = await ngircd(f, 'b.example', { links: [{ name: 'a.example', port: linkPort }] });
	const ann = await client(b.port, 'ann', { join: ['#ops'] });
	const eve = await client(a.port, 'eve', { join: ['#ops'] });
	await until(() => { eve.say('NAMES #ops'); return eve.lines.some((l) => / 353 .*ann/.test(l)); }, 'the servers know each other', 30000);
	const d = await opsroom({ server: `127.0.0.1:${a.port}`, tls: false });
	await d.isUp();
	ann.said('#ops', 'before');
	await d.comes('before');
	await b.stop('SIGKILL');
	await eve.sees(/:ann!\S+ QUIT :.*a\.example b\.example|:ann!\S+ QUIT :.*b\.example/, 'the split');
	await d.post('who is still here?');
	await eve.sees(/who is still here\?/);
	await b.start();
	const again = await client(b.port, 'ann', { join: ['#ops'] });
	await eve.sees(/:ann!\S+ JOIN/, 'the servers are together again');
	again.said('#ops', 'after');
	await d.comes('after');
	const texts = (await d.messages()).map((m) => m.text);
	assert.deepEqual(texts.filter((x) => /ann|joined|left|gone/.test(x) && !/has joined the channel/.test(x)), []);
	assert.ok(!d.log.includes('chat.down'));
	await eve.end();
	await again.end();
	await d.stop();
	await b.stop();
	await a.stop();
});

// A server by hand: what it says is scripted. caps: what it offers.
const greet = (caps, more = () => {}) => (p) => {
	let nick = 'srebot';
	p.on((line) => {
		const w = line.split(' ');
		if (line === 'CAP LS 302') p.say(`:s CAP * LS :${caps}`);
		if (w[0] === 'NICK') nick = w[1];
		if (line.startsWith('CAP REQ ')) p.say(`:s CAP * ACK :${line.slice(9)}`);
		if (line === 'CAP END') for (const l of [`:s 001 ${nick} :hi`, `:s 005 ${nick} CHANTYPES=# :are supported`, `:s 422 ${nick} :no motd`]) p.say(l);
		if (w[0] === 'JOIN') for (const l of [`:${nick}!o@h JOIN ${w[1]}`, `:s 353 ${nick} = ${w[1]} :@${nick} ann`, `:s 366 ${nick} ${w[1]} :end`]) p.say(l);
		more(p, line, w, nick);
	});
};
const pong = (p, line, w) => w[0] === 'PING' && p.say(`:s PONG s ${w[1]}`);

test('without SASL the password goes to NickServ; a line in doubt is said again, and says so', async () => {
	let silent = false;
	const server = await peer(greet('', (p, line, w) => silent || pong(p, line, w)));
	const d = await opsroom({ server: `127.0.0.1:${server.port}`, tls: false, account: 'bot', password_file: 'password' });
	await d.isUp();
	await server.links[0].sees(/^PRIVMSG NickServ :IDENTIFY bot secret$/);
	assert.ok(!server.links[0].lines.some((l) => l.startsWith('PASS')));
	await d.post('taken');
	await server.links[0].sees(/^PRIVMSG #ops :<ann> taken$/);
	silent = true; // what it takes now it does not say
	await d.post('in doubt');
	await server.links[0].sees(/^PRIVMSG #ops :<ann> in doubt$/);
	silent = false;
	server.links[0].socket.destroy();
	await until(() => server.links[1]?.lines.some((l) => /PRIVMSG #ops/.test(l)), 'the next connection', 30000);
	assert.deepEqual(server.links[1].lines.filter((l) => l.startsWith('PRIVMSG #ops')), ['PRIVMSG #ops :(perhaps said before) <ann> in doubt']);
	assert.ok(!d.log.includes('secret'));
	await d.stop();
	await server.end();
});

test('what was said while we were away is read from the channel\'s history', async () => {
	const caps = 'message-tags server-time batch account-tag echo-message draft/chathistory';
	const past = ['@batch=1;time=2026-03-02T02:16:00.000Z;msgid=m2;account=ann :ann!a@h PRIVMSG #ops :while you were away',
		'@batch=1;time=2026-03-02T02:16:01.000Z;msgid=m3 :srebot!o@h PRIVMSG #ops :what the bot had said'];
	const server = await peer(greet(caps, (p, line, w) => {
		pong(p, line, w);
		if (w[0] === 'CHATHISTORY') for (const l of [':s BATCH +1 chathistory #ops', ...past, ':s BATCH -1']) p.say(l);
		const said = /^(?:@\S+ )?(PRIVMSG #ops :.*)$/.exec(line);
		if (said) p.say(`@msgid=e${p.lines.length};time=2026-03-02T02:17:00.000Z :srebot!o@h ${said[1]}`);
	}));
	const d = await opsroom({ server: `127.0.0.1:${server.port}`, tls: false });
	await d.isUp();
	server.links[0].say('@time=2026-03-02T02:15:00.000Z;msgid=m1;account=ann :ann!a@h PRIVMSG #ops :the root');
	const root = await d.comes('the root');
	await d.post('a reply', { thread_ts: root.ts });
	await server.links[0].sees(/^@\+draft\/reply=m1 PRIVMSG #ops :↳ “the root” ann: a reply$/);
	server.links[0].say('@time=2026-03-02T02:15:30.000Z;msgid=m4;account=ann;+draft/reply=m1 :ann!a@h PRIVMSG #ops :from a client that knows threads');
	await until(async () => (await d.replies(root.ts)).some((m) => m.text === 'from a client that knows threads'), 'the reply is in its thread');
	server.links[0].socket.destroy();
	await d.comes('while you were away');
	assert.equal(await until(() => server.links[1].lines.find((l) => l.startsWith('CHATHISTORY')), 'the question'), 'CHATHISTORY AFTER #ops timestamp=2026-03-02T02:15:30.000Z 100');
	assert.equal((await d.messages()).filter((m) => m.text === 'what the bot had said').length, 0);
	await d.stop();
	await server.end();
});

test('who lies to us gets nowhere: lines that are none, endless ones, echoes of others', async () => {
	const server = await peer(greet('message-tags echo-message', (p, line, w) => {
		pong(p, line, w);
		if (/PRIVMSG #ops/.test(line)) for (const l of [':eve!e@h PRIVMSG #ops :not ours', ':srebot!o@h PRIVMSG #other :not there', `:srebot!o@h ${line}`]) p.say(l);
	}));
	const d = await opsroom({ server: `127.0.0.1:${server.port}`, tls: false });
	await d.isUp();
	const p = server.links[0];
	for (const l of ['', ':', '@', '@a', ':x', '\0', 'PRIVMSG', ':ann PRIVMSG', ':ann!a@h PRIVMSG #ops', ':ann!a@h PRIVMSG #ops :', `:ann!a@h PRIVMSG #ops :${'y'.repeat(40000)}`, '001', '005', '353', '366',
		'CAP', 'CAP * NEW', 'JOIN', 'PART', 'KICK', 'QUIT', 'NICK', 'TOPIC', 'INVITE', 'ACCOUNT', 'CHGHOST', 'AUTHENTICATE', 'PONG', ':srebot!o@h NICK srebot', 'BATCH +x', ':s 433', ':s 477', ':s 904', ':s 354 x 152',
		':srebot!o@h PART #nowhere', ':srebot!o@h JOIN #forced', ':s 366 srebot #forced :end', ':ann!a@h PRIVMSG #forced :not linked', ':ann!a@h PRIVMSG #ops :\x01VERSION\x01', ':ann!a@h NOTICE srebot :hi']) p.say(l);
	p.say('PING :are you there');
	await p.sees(/^PONG :are you there$/);
	p.say(':ann!a@h PRIVMSG #ops :\x02still\x02 \x034here');
	await d.comes('still here');
	await d.post('and we');
	await d.comes('not ours');
	await d.post('are too');
	await p.sees(/are too/);
	assert.ok(!(await d.messages()).some((m) => /yyy|not there|not linked|VERSION/.test(m.text)));
	assert.equal(server.links.length, 1, 'the connection stands');
	await d.stop();
	await server.end();
});
