// The suite of all chats against IRC: a real InspIRCd with services, and people who are raw clients. Its server lets the bot speak fast, so that the
// suite need not wait (what usual limits do: chat-irc.test.mjs).
import { writeFileSync } from 'node:fs';
import { suite } from './chat-suite.mjs';
import { free_port, missing } from './counterparts.mjs';
import { daemon, until } from './daemon.mjs';
import { certificates, client, folder, inspircd, services } from './irc.mjs';

const plain = (s) => s.replace(/[\x02\x1d]/g, '');

if (missing('/usr/sbin/inspircd', 'inspircd')) console.log('# inspircd is not installed: apt-get install inspircd');
else suite(async () => {
	const f = folder();
	certificates(f);
	const linkPort = await free_port(), server = await inspircd(f, 'suite.example', { linkPort }), link = await services(linkPort, { ann: 'pw', vic: 'pw' });
	const as = {};
	for (const who of ['ann', 'vic']) as[who] = await client(server.port, who, { account: who, password: 'pw', caps: ['account-tag', 'message-tags', 'echo-message'], join: ['#ops'] });
	const file = f.path('chats.yaml');
	writeFileSync(file, JSON.stringify({ chats: { net: { system: 'irc', server: `127.0.0.1:${server.port}`, tls: false, post_every: '20ms', channels: ['ops'], people: { ann: 'ann', vic: 'vic' } } } }));
	const d = await daemon(['--chats', file]);
	await until(() => /chat\.up/.test(d.log), 'it is connected');
	return {
		name: 'net', d,
		can: new Set(['whisper']),
		say: async (who, text) => {
			const before = as[who].lines.length;
			as[who].said('#ops', text);
			return /msgid=([^; ]+)/.exec(await until(() => as[who].lines.slice(before).find((l) => l.includes(`PRIVMSG #ops :${text}`)), `"${text}" is said`))[1];
		},
		seen: async () => as.ann.lines.map((l) => /^(?:@(\S+) )?:([^! ]+)\S* PRIVMSG #ops :(.*)$/.exec(l)).filter(Boolean).map(([, tags, nick, line]) => ({
			id: /msgid=([^; ]+)/.exec(tags ?? '')?.[1], who: nick, text: plain(line), number: /^\[(\d+)\]/.exec(line)?.[1],
			choices: [...line.matchAll(/\d+\.\d+ ([^,]+)/g)].map((m) => m[1]),
		})),
		press: async (who, m, choice) => as[who].said('#ops', `${m.number}.${m.choices.findIndex((c) => choice.test(c)) + 1}`),
		whispered: async (who) => as[who].heard('srebot', who),
		end: async () => {
			for (const c of Object.values(as)) await c.end();
			await d.stop();
			link.end();
			await server.stop();
			f.remove();
		},
	};
});
