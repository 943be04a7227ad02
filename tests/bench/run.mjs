// Measures opsroomd beside Debian's Alertmanager in the same run: alerts a second, as ratios. Loopback only, bounded.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const rounds = Number(process.env.ROUNDS || 3), seconds = Number(process.env.SECONDS_EACH || 2);
const dir = mkdtempSync(join(tmpdir(), 'opsroom-bench-'));
const children = [];
const freePort = () => new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); }); });
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function ready(url) {
	for (let i = 0; i < 1000; i++) {
		if (await fetch(url).then((r) => r.ok, () => false)) return;
		await new Promise((r) => setTimeout(r, 5));
	}
	throw new Error(`${url} never became ready`);
}
async function launch(program, args, port) {
	const began = performance.now();
	const child = spawn(program, args, { stdio: 'ignore' });
	children.push(child);
	await ready(`http://127.0.0.1:${port}/-/ready`);
	return { child, port, ms: performance.now() - began };
}
const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
function wrk(port, script, batch, connections) {
	const out = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(here, script), `http://127.0.0.1:${port}/api/v2/alerts`],
		{ encoding: 'utf8', env: { ...process.env, BATCH: String(batch), TAG: `t${process.hrtime.bigint()}` } });
	const [, rate, p50, p99, errors] = /RESULT (\S+) (\S+) (\S+) (\S+)/.exec(out);
	return { rate: Number(rate), p50: Number(p50), p99: Number(p99), errors: Number(errors) };
}

try {
	writeFileSync(join(dir, 'am.yml'), 'route: {receiver: a, group_by: [alertname]}\nreceivers: [{name: a}]\n');
	const starts = [];
	const results = new Map();
	for (let round = 0; round < rounds; round++) {
		const [p, q] = [await freePort(), await freePort()];
		const ours = await launch('build/opsroomd', ['--data', join(dir, `d${round}`), '--listen', `127.0.0.1:${p}`, '--log-level', 'error'], p);
		const am = await launch('prometheus-alertmanager', [`--config.file=${join(dir, 'am.yml')}`, `--storage.path=${join(dir, `am${round}`)}`, `--web.listen-address=127.0.0.1:${q}`, '--cluster.listen-address='], q);
		starts.push([ours.ms, rss(ours.child.pid), am.ms, rss(am.child.pid)]);
		for (const [script, batch, connections] of [['repeat.lua', 1, 16], ['repeat.lua', 50, 16], ['new.lua', 1, 16], ['new.lua', 1, 256], ['new.lua', 50, 16], ['new.lua', 50, 256]]) {
			const name = `${script.slice(0, -4)} alerts, ${batch} a request, ${connections} connections`;
			const a = wrk(p, script, batch, connections), b = wrk(q, script, batch, connections);
			if (!results.has(name)) results.set(name, []);
			results.get(name).push([a.rate, b.rate, a.p99, a.errors]);
		}
		for (const c of [ours.child, am.child]) c.kill('SIGKILL');
	}
	const col = (list, i) => median(list.map((r) => r[i]));
	console.log(`start to ready ${col(starts, 0).toFixed(0)} ms (Alertmanager ${col(starts, 2).toFixed(0)}), idle ${col(starts, 1).toFixed(1)} MB (${col(starts, 3).toFixed(1)})`);
	for (const [name, list] of results)
		console.log(`${name.padEnd(48)} ${col(list, 0).toFixed(0).padStart(8)}/s  Alertmanager ${col(list, 1).toFixed(0).padStart(8)}/s  ratio ${(col(list, 0) / col(list, 1)).toFixed(2)}  p99 ${col(list, 2).toFixed(1)} ms  errors ${col(list, 3)}`);
} finally {
	for (const c of children) c.kill('SIGKILL');
	rmSync(dir, { recursive: true, force: true });
}
