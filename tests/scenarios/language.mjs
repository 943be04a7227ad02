// The language of scenarios: lines of words, and what each statement does. README.md is its manual.
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.mjs';
import { buttons, isReply, isSaid, shown } from './messages.mjs';
import { FakeSlack } from './peers/slack.mjs';

// Words are parted by spaces; "two words" is one. In quotes \" and \n are what they are elsewhere. # begins a comment.
// {"json": 1} and [1, 2] stand for themselves up to the closing bracket at a word's end.
export function wordsOf(line) {
	const words = [];
	for (let rest = line.trimStart(); rest && rest[0] !== '#'; rest = rest.trimStart()) {
		const quoted = /^"((?:[^"\\]|\\.)*)"(?=\s|$)/.exec(rest);
		const word = quoted?.[0] ?? jsonAt(rest) ?? /^\S+/.exec(rest)[0];
		if (!quoted && word.startsWith('"')) throw new Error(`a quote is open: ${rest}`);
		words.push(quoted ? JSON.parse(word) : word);
		rest = rest.slice(word.length);
	}
	return words;
}

// The JSON value that the text begins with, up to the first bracket that completes it.
function jsonAt(text) {
	if (!/^(?:\{\s*"|\[)/.test(text)) return undefined;
	for (const { index } of text.matchAll(/[}\]](?=\s|$)/g)) {
		try {
			JSON.parse(text.slice(0, index + 1));
			return text.slice(0, index + 1);
		} catch {
			// a bracket inside of it
		}
	}
	throw new Error(`this is not JSON: ${text}`);
}

// `-status 202 -as ann -start`: an option takes a value unless `bare` names it. What is no option is left in .rest.
function optionsOf(words, known, bare = []) {
	const rest = [], options = {};
	for (let i = 0; i < words.length; i++) {
		if (!/^-[a-z]/.test(words[i])) {
			rest.push(words[i]);
			continue;
		}
		const name = words[i].slice(1);
		if (bare.includes(name)) options[name] = true;
		else if (!known.includes(name)) throw new Error(`there is no option ${words[i]} here; there are: ${[...known, ...bare].map((k) => `-${k}`).join(' ')}`);
		else if (i + 1 >= words.length) throw new Error(`${words[i]} asks for a value`);
		else (options[name] ??= []).push(words[++i]);
	}
	return { rest, options };
}

const indent = (text) => text.split('\n').map((l) => `      ${l}`).join('\n');
const listed = (items) => (items.length ? items.map((i) => indent(String(i))).join('\n') : '      (nothing)');

// What was expected, and what is there instead.
function unlike(expected, seen) {
	return new Error(`expected ${expected}; there is:\n${listed(Array.isArray(seen) ? seen : [seen])}`);
}

const at = (value, path) => path.split('.').reduce((v, key) => (key === 'length' && v ? v.length : v?.[key]), value);
const pairsOf = (words) => words.map((w) => {
	const [, key, value] = /^([\w.]+)=([^]*)$/.exec(w) ?? [];
	if (!key) throw new Error(`${w} is not of the form field=value`);
	return [key, value];
});
// Labels and details are reached with a dot; the value `*` means that there is one.
const fits = (object, pairs) => pairs.every(([key, value]) => (value === '*' ? at(object, key) !== undefined : String(at(object, key)) === value));

export class World {
	constructor(build, folder, files) {
		Object.assign(this, { build, folder, files, things: {} });
	}

	get(name, kind) {
		const thing = this.things[name];
		if (!thing) throw new Error(`there is no ${name}; there are: ${Object.keys(this.things).join(' ') || 'none'}`);
		if (kind && !(thing instanceof kind)) throw new Error(`${name} is not a ${kind.name.toLowerCase()}`);
		return thing;
	}

	file(name) {
		const path = join(this.files, name);
		if (!existsSync(path)) throw new Error(`there is no file ${path}`);
		return path;
	}

	async run(words) {
		const [verb, ...args] = words;
		if (!Object.hasOwn(statements, verb)) throw new Error(`there is no statement "${verb}"; there are: ${Object.keys(statements).join(' ')}`);
		await statements[verb](this, args);
	}

	async end() {
		await Promise.all(Object.values(this.things).map((t) => t.end('SIGKILL')));
	}
}

// The tokens and buttons of the people that the provisioning file names; `ann` has the token `ann`.
const bearer = (d, name) => `Bearer ${d.fill(`{token.${name}}`)}`;
const slackCall = (d, user, method, body) => d.request(`/api/${method}`, { method: 'POST', body: JSON.stringify(body),
	headers: { authorization: bearer(d, user), 'content-type': 'application/json' } });

async function ask(world, method, [name, path, body], options) {
	const thing = world.get(name);
	const headers = {};
	const fill = (text) => (thing.fill ? thing.fill(text) : text);
	if (body !== undefined) headers['content-type'] = options.type?.[0] ?? 'application/json';
	if (options.as) headers.authorization = bearer(thing, options.as[0]);
	if (options.bearer) headers.authorization = `Bearer ${fill(options.bearer[0])}`;
	if (options.basic) headers.authorization = `Basic ${Buffer.from(fill(options.basic[0])).toString('base64')}`;
	for (const header of options.header ?? []) headers[header.slice(0, header.indexOf(':')).trim()] = fill(header.slice(header.indexOf(':') + 1).trim());
	const inline = body !== undefined && !/^[\w-]+\.\w+$/.test(body);
	const written = body === undefined ? undefined : fill(inline ? body : readFileSync(world.file(body), 'utf8'));
	const sent = options.bytes ? written.padEnd(Number(options.bytes[0])) : written;
	for (const sign of options.hmac ?? []) {
		const [, header, prefix, secret] = /^(\S+): (\S*=)?(.+)$/.exec(sign);
		headers[header] = (prefix ?? '') + createHmac('sha256', fill(secret)).update(sent ?? '').digest('hex');
	}
	thing.answer = await thing.request(fill(path), { method, headers, body: sent });
	if (options.status && thing.answer.status !== Number(options.status[0]))
		throw unlike(`status ${options.status[0]}`, `${thing.answer.status} ${thing.answer.text}`);
	if (!options.status && thing.answer.status >= 300) throw unlike('a 2xx answer', `${thing.answer.status} ${thing.answer.text}`);
}

const asked = ['status', 'as', 'bearer', 'basic', 'header', 'hmac', 'type', 'bytes'];

const statements = {
	async daemon(world, words) {
		const { rest: [name], options } = optionsOf(words, ['config', 'provision', 'clock', 'alerting', 'access'], ['sources', 'start']);
		const d = new Daemon(world.build, join(world.folder, name), { clock: options.clock?.[0], config: options.config && world.file(options.config[0]), sources: options.sources,
			alerting: options.alerting && world.file(options.alerting[0]), access: options.access && world.file(options.access[0]) });
		if (!options.start) throw new Error('a daemon is of use with -start');
		world.things[name] = d;
		await d.start();
		for (const file of options.provision ?? []) {
			const { code, text } = await d.provision(world.file(file));
			if (code !== 0) throw new Error(`${file} was refused: ${text.trim()}`);
		}
	},

	async slack(world, words) {
		const { rest: [name], options } = optionsOf(words, [], ['start']);
		if (!options.start) throw new Error('a fake Slack is of use with -start');
		world.things[name] = await FakeSlack.start();
	},

	async provision(world, words) {
		const { rest: [name, file], options } = optionsOf(words, ['exit']);
		const d = world.get(name, Daemon);
		const { code, text } = await d.provision(world.file(file));
		d.answer = { status: code, text };
		if (code !== Number(options.exit?.[0] ?? 0)) throw unlike(`exit code ${options.exit?.[0] ?? 0}`, `${code} ${text}`);
	},

	async put(world, [name, as, file]) {
		if (as === 'access') return world.get(name, Daemon).putAccess(world.file(file));
		if (as === 'alerting') return world.get(name, Daemon).putAlerting(world.file(file));
		world.get(name, Daemon).put(as, file && world.file(file));
	},

	async reload(world, [name]) {
		await world.get(name, Daemon).reload();
	},

	async post(world, words) {
		const { rest, options } = optionsOf(words, asked);
		await ask(world, 'POST', rest.length > 2 ? rest : [...rest, ''], options);
	},

	async delete(world, words) {
		const { rest, options } = optionsOf(words, asked);
		await ask(world, 'DELETE', rest, options);
	},

	async get(world, words) {
		const { rest, options } = optionsOf(words, asked);
		await ask(world, 'GET', rest.slice(0, 2), options);
	},

	// A message; `/srebot ack x` is a slash command as in every chat, @name a mention. -in "text": into the thread of that message.
	async say(world, words) {
		const { rest: [name, channel, user, text], options } = optionsOf(words, ['error', 'in']);
		const thing = world.get(name);
		if (thing instanceof FakeSlack) {
			thing.say(channel, user, text);
			return;
		}
		const { messages, names } = await thing.history(channel);
		const root = options.in && messages.filter((m) => shown(m, names).includes(options.in[0])).pop();
		if (options.in && !root) throw unlike(`a message with ${options.in[0]} in ${channel}`, messages.map((m) => shown(m, names)));
		const [, command, line] = /^(\/\S+)\s*([^]*)$/.exec(text) ?? [];
		const mentions = text.replace(/@([\w.-]+)/g, (whole, who) => {
			const id = Object.keys(names).find((u) => names[u] === who);
			return id ? `<@${id}>` : whole;
		});
		thing.answer = command ? await slackCall(thing, user, 'chat.command', { channel: `#${channel}`, command, text: line })
			: await slackCall(thing, user, 'chat.postMessage', { channel: `#${channel}`, text: mentions, ...(root && { thread_ts: root.ts }) });
		expectSlack(thing.answer, options.error?.[0]);
	},

	// Changes the newest message of that person that shows `old`.
	async edit(world, [name, channel, user, old, text]) {
		const d = world.get(name, Daemon);
		await d.settle();
		const { messages, names } = await d.history(channel);
		const message = messages.filter((m) => names[m.user] === user && shown(m, names).includes(old)).pop();
		if (!message) throw unlike(`a message of ${user} with ${old} in ${channel}`, messages.map((m) => shown(m, names)));
		const mentions = text.replace(/@([\w.-]+)/g, (whole, who) => {
			const id = Object.keys(names).find((u) => names[u] === who);
			return id ? `<@${id}>` : whole;
		});
		const { channels } = await d.api('/v1/boot');
		d.answer = await slackCall(d, user, 'chat.update', { channel: channels.find((c) => c.name === channel).id, ts: message.ts, text: mentions });
		expectSlack(d.answer);
	},

	// Presses the button of that text in the newest message that has it, or in the newest that shows -on.
	async click(world, words) {
		const { rest: [name, channel, user, text], options } = optionsOf(words, ['on', 'error', 'say'], ['again']);
		const d = world.get(name, Daemon);
		await d.settle();
		if (options.again) { // in a window that has not heard what happened meanwhile
			d.answer = await slackCall(d, user, 'blocks.actions', d.pressed);
			return expectSlack(d.answer, options.error?.[0]);
		}
		const { messages, names } = await d.history(channel);
		const pressed = (m) => buttons(m).find((b) => b.text.text === text);
		const message = messages.filter((m) => (!options.on || shown(m, names).includes(options.on[0])) && pressed(m)).pop();
		if (!message) throw unlike(`a message with the button ${text} in ${channel}`, messages.map((m) => shown(m, names)));
		const { channels } = await d.api('/v1/boot');
		d.pressed = { actions: [pressed(message)], container: { type: 'message', message_ts: message.ts, channel_id: channels.find((c) => c.name === channel).id } };
		d.answer = await slackCall(d, user, 'blocks.actions', d.pressed);
		if (options.say) { // the dialog that it opened
			const { view } = JSON.parse(d.answer.text);
			if (!view) throw unlike('a dialog', d.answer.text);
			const [{ block_id, element }] = view.blocks;
			d.answer = await slackCall(d, user, 'views.submit', { view: { ...view, state: { values: { [block_id]: { [element.action_id]: { type: element.type, value: options.say[0] } } } } } });
		}
		expectSlack(d.answer, options.error?.[0]);
	},

	async advance(world, [name, by]) {
		await world.get(name, Daemon).advance(by);
	},

	async kill(world, [name, signal = '-9']) {
		const number = { '-9': 'SIGKILL', '-15': 'SIGTERM' }[signal];
		if (!number) throw new Error(`a daemon is killed with -9 or -15, not ${signal}`);
		await world.get(name, Daemon).end(number);
	},

	async restart(world, words) {
		const { rest: [name], options } = optionsOf(words, ['clock'], []);
		const d = world.get(name, Daemon);
		if (options.clock) d.args[d.args.indexOf('--clock') + 1] = options.clock[0];
		if (d.child.exitCode === null && !d.child.signalCode) await d.end('SIGTERM');
		await d.start();
	},

	// A value of the last answer, for {remembered.NAME}.
	async remember(world, [name, as, path]) {
		const d = world.get(name, Daemon);
		const value = at(JSON.parse(d.answer.text), path);
		if (value === undefined) throw unlike(`${path} in the answer`, d.answer.text);
		d.made[`remembered.${as}`] = { value };
	},

	// What an authenticator shows for the secret, for {remembered.code} (RFC 6238).
	async code(world, [name, secret]) {
		const d = world.get(name, Daemon);
		const bits = [...d.fill(secret)].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
		const counter = Buffer.alloc(8);
		counter.writeBigUInt64BE(BigInt(Math.floor(Date.parse((await d.api('/v1/status')).now) / 30000)));
		const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
		d.made['remembered.code'] = { value: String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0') };
	},

	// From here on `expect d1 metric x +1` counts.
	async mark(world, [name]) {
		const d = world.get(name, Daemon);
		await d.settle();
		d.marked = await d.metrics();
	},

	async expect(world, [name, ...words]) {
		const thing = world.get(name);
		const [what] = words;
		if (thing instanceof Daemon && Object.hasOwn(expectations, what)) await expectations[what](thing, words.slice(1).map((w) => thing.fill(w)));
		else if (thing instanceof Daemon && what.startsWith('/')) await expectValue(JSON.stringify(await thing.api(what)), words.slice(1).map((w) => thing.fill(w)));
		else if (what === 'answer') await expectAnswer(thing, words.slice(1).map((w) => (thing.fill ? thing.fill(w) : w)));
		else await expectShown(thing, words);
	},
};

function expectSlack({ status, text }, error) {
	const { ok, error: got } = status === 200 ? JSON.parse(text) : { error: text };
	if (error ? got !== error : !ok) throw unlike(error ? `the error ${error}` : 'ok', `${status} ${text}`);
}

async function expectShown(thing, [channel, ...words]) {
	const not = words[0] === 'not';
	if (words[not ? 1 : 0] !== 'shows') throw new Error(`what is expected of ${channel}? There are: ${[...Object.keys(expectations), '/v1/…', 'answer', 'CHANNEL [not] shows'].join(', ')}`);
	const { messages, names } = await quiet(thing).then(() => thing.history(channel));
	const seen = messages.filter(isSaid).map((m) => shown(m, names));
	const wanted = words.slice(not ? 2 : 1);
	if (seen.some((text) => wanted.every((w) => text.includes(w))) === not) throw unlike(`${channel} ${not ? 'not ' : ''}to show ${wanted.map((w) => `"${w}"`).join(' and ')}`, seen);
}

const quiet = async (thing) => thing instanceof Daemon && thing.settle();

async function expectAnswer(thing, words) {
	if (!thing.answer) throw new Error('nothing was asked yet');
	const { text, headers } = thing.answer;
	if (words[0] === 'header') {
		const got = headers.get(words[1]);
		if (got !== words[2]) throw unlike(`the header ${words[1]}: ${words[2]}`, got ?? '(none)');
		return;
	}
	await expectValue(text, words);
}

// `shows "text"`, `not shows "text"`, or `a.b.0 value`.
async function expectValue(text, words) {
	const not = words[0] === 'not', shows = words[not ? 1 : 0] === 'shows';
	if (shows) {
		for (const w of words.slice(not ? 2 : 1)) if (text.includes(w) === not) throw unlike(`${not ? 'no ' : ''}"${w}"`, text);
		return;
	}
	const got = at(JSON.parse(text), words[0]);
	const value = typeof got === 'object' ? JSON.stringify(got) : String(got);
	if (value !== words[1]) throw unlike(`${words[0]} to be ${words[1]}`, `${value}\n${text}`);
}

function expectOne(what, all, pairs, write, not) {
	const found = all.some((one) => fits(one, pairs));
	if (found === not) throw unlike(`${not ? 'no ' : ''}${what} with ${pairs.map((p) => p.join('=')).join(' ')}`, all.map(write));
}

function expectCount(what, count, wanted, all) {
	if (count !== Number(wanted)) throw unlike(`${wanted} ${what}, not ${count}`, all);
}

const expectations = {
	// messages CHANNEL N
	async messages(d, [channel, wanted]) {
		await d.settle();
		const { messages, names } = await d.history(channel);
		const said = messages.filter((m) => isSaid(m) && !isReply(m));
		expectCount(`messages in ${channel}`, said.length, wanted, said.map((m) => shown(m, names)));
	},

	// alert NAME field=value...: NAME is its alertname, its title, or its id
	async alert(d, [name, ...pairs]) {
		await d.settle();
		const { alerts } = await d.api('/v1/alerts?state=all');
		const called = alerts.filter((a) => [a.labels.alertname, a.title, a.id].includes(name));
		expectOne(`alert ${name}`, called.length ? called : alerts, [...(called.length ? [] : [['title', name]]), ...pairsOf(pairs)], (a) => JSON.stringify(a), false);
	},

	// alerts STATE N
	async alerts(d, [state, wanted]) {
		await d.settle();
		const { alerts } = await d.api(`/v1/alerts?state=${state}`);
		expectCount(`${state} alerts`, alerts.length, wanted, alerts.map((a) => JSON.stringify(a)));
	},

	// log EVENT field=value..., log not EVENT...
	async log(d, words) {
		await d.settle();
		const not = words[0] === 'not', [event, ...pairs] = not ? words.slice(1) : words;
		expectOne('log line', d.logged().map((l) => ({ ...l.fields, ...l })), [['event', event], ...pairsOf(pairs)], (l) => l.line, not);
	},

	// audit field=value...; the details are reached with detail.x
	async audit(d, words) {
		await d.settle();
		const { records } = await d.api('/v1/audit?limit=500');
		expectOne('audit record', records, pairsOf(words), (r) => JSON.stringify(r), false);
	},

	// metric NAME N, or +N since the mark. The clock is not asked: moving it writes.
	async metric(d, [name, wanted]) {
		const now = await d.metrics();
		if (!(name in now)) throw unlike(`the metric ${name}`, Object.keys(now));
		const base = wanted.startsWith('+') ? d.marked?.[name] : 0;
		if (base === undefined) throw new Error(`+ counts from a mark, and there is no \`mark ${name}\` before`);
		expectCount(name, now[name] - base, wanted, `${now[name]}${base ? `, and ${base} at the mark` : ''}`);
	},
};
