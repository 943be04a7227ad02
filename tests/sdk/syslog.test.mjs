// The audit trail at a syslog receiver: each record and checkpoint, in order, as the line of an export; nothing is lost while the receiver is down.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemon, folder, opsroom, program } from '../cli/helper.mjs';

// What came, and a promise for when so many did.
function inbox() {
	const box = { lines: [], waiting: [] };
	box.take = (line) => {
		box.lines.push(line);
		box.waiting = box.waiting.filter(({ fits, done }) => !(fits() && (done(), true)));
	};
	box.has = (fits) => new Promise((done) => (fits() ? done() : box.waiting.push({ fits, done })));
	box.shows = (text) => box.has(() => box.lines.some((l) => l.includes(text)));
	return box;
}

const FORM = /^<(110|109)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ opsroomd \d+ \S+ - (\{.*\})$/;
const records = (box) => box.lines.map((l) => FORM.exec(l)?.[2] ?? assert.fail(l));

// RFC 6587, octet counting.
function tcpReceiver(box) {
	const sockets = new Set();
	const server = createServer((socket) => {
		let rest = Buffer.alloc(0);
		sockets.add(socket);
		socket.on('error', () => {}).on('close', () => sockets.delete(socket)).on('data', (part) => {
			rest = Buffer.concat([rest, part]);
			for (;;) {
				const blank = rest.indexOf(' '), n = Number(rest.subarray(0, Math.max(blank, 0)));
				if (blank < 0 || rest.length < blank + 1 + n) break;
				box.take(rest.subarray(blank + 1, blank + 1 + n).toString());
				rest = rest.subarray(blank + 1 + n);
			}
		});
	});
	return {
		open: (port = 0) => new Promise((done) => server.listen(port, '127.0.0.1', () => done(server.address().port))),
		close: () => new Promise((done) => {
			server.close(done);
			for (const s of sockets) s.destroy();
		}),
	};
}

const run = (home, d, line) => opsroom(home, ['--data', d.data, 'run', ...line.split(' ')]);

test('tcp: all of it in order, also over an outage of the receiver and a restart of the daemon; what came is whole', { timeout: 60000 }, async (t) => {
	const home = folder(t), box = inbox();
	let receiver = tcpReceiver(box);
	const port = await receiver.open();
	let d = await daemon(t, home, ['--audit-syslog', `tcp:127.0.0.1:${port}`]);
	await run(home, d, 'ack first-of-all');
	await box.shows('first-of-all');
	assert.match(box.lines.find((l) => l.includes('first-of-all')), /^<109>1 .* ack - \{"home":/); // it was refused: a notice

	await receiver.close();
	for (let i = 0; i < 3; i++) await run(home, d, `ack while-down-${i} --token hunter22`);
	d.child.kill('SIGTERM');
	await d.done;
	assert.match(d.err, / warn audit\.syslog to=tcp:127\.0\.0\.1:\d+ error=/);
	receiver = tcpReceiver(box);
	await receiver.open(port);
	d = await daemon(t, home, ['--audit-syslog', `tcp:127.0.0.1:${port}`]);
	await run(home, d, 'ack last-of-all');
	await box.shows('last-of-all');
	await box.shows('while-down-2');
	const key = (await opsroom(home, ['--data', d.data, 'audit', 'key'])).out.trim();
	d.child.kill('SIGTERM');
	await d.done;
	await receiver.close();

	const lines = records(box).filter((l, i, all) => all.indexOf(l) === i); // at least once
	writeFileSync(join(home, 'received.jsonl'), lines.map((l) => `${l}\n`).join(''));
	const { stdout, status } = spawnSync(program, ['audit', 'verify', join(home, 'received.jsonl'), '--key', key], { encoding: 'utf8', env: { HOME: home } });
	assert.equal(status, 0, stdout);
	assert.match(stdout, /all as they were written/);
	assert.ok(lines.some((l) => l.startsWith('{"checkpoint":1,')));
	assert.ok(lines.every((l) => !l.includes('hunter22')));
});

test('udp, and another receiver after SIGHUP', { timeout: 60000 }, async (t) => {
	const home = folder(t), first = inbox(), second = inbox();
	const sockets = await Promise.all([first, second].map((box) => new Promise((done) => {
		const socket = createSocket('udp4').on('message', (m) => box.take(m.toString()));
		socket.bind(0, '127.0.0.1', () => done(socket));
	})));
	t.after(() => sockets.forEach((s) => s.close()));
	const config = join(home, 'opsroom.yaml');
	writeFileSync(config, `audit_syslog: udp:127.0.0.1:${sockets[0].address().port}\n`);
	const d = await daemon(t, home, ['--config', config]);
	await run(home, d, 'help');
	await first.shows('"action":"help"');
	assert.match(first.lines[0], FORM);
	assert.match(first.lines[0], /"action":"config".*"what":"settings"/);
	writeFileSync(config, `audit_syslog: udp:127.0.0.1:${sockets[1].address().port}\n`);
	d.child.kill('SIGHUP');
	await second.shows('"changed":"audit_syslog"');
	await run(home, d, 'status');
	await second.shows('"action":"status"');
	assert.ok(!second.lines.some((l) => l.includes('"action":"help"'))); // what was sent stays sent
	assert.ok(!first.lines.some((l) => l.includes('"action":"status"')));
});
