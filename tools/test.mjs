// tools/test.mjs [--build DIR] [SUITE...] -- runs the suites in turn, sums up, and ends with "N passed, N failed".
//
// The exit code is 0 only when something ran and nothing failed. Without SUITE all of them run.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

process.chdir(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..'));

const args = process.argv.slice(2);
let build = 'build';
if (args[0] === '--build') {
	build = args[1];
	args.splice(0, 2);
}
const temporary = mkdtempSync(join(tmpdir(), 'opsroom-test-'));
// What a test may need to know; tests/ reads OPSROOM_BUILD to find the programs.
const env = { ...process.env, OPSROOM_BUILD: resolve(build), ASAN_OPTIONS: 'detect_stack_use_after_return=1',
	UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' };

const none = { passed: 0, failed: 0, skipped: 0 };
const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped });

// Runs a program; `seconds` is the time after which it is hung. Its output goes on to the terminal if `show`.
function run(command, { seconds = 1200, show = false, more = {} } = {}) {
	return new Promise((done) => {
		const child = spawn(command[0], command.slice(1), { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
		let output = '';
		const hung = setTimeout(() => {
			output += `\n${command[0]}: no end after ${seconds} s, killed\n`;
			process.kill(-child.pid, 'SIGKILL'); // its own group: what it started goes too
		}, seconds * 1000);
		const take = (data) => {
			output += data;
			if (show) process.stdout.write(data);
		};
		child.stdout.setEncoding('utf8').on('data', take);
		child.stderr.setEncoding('utf8').on('data', take);
		child.on('error', (e) => take(`${e.message}\n`));
		child.on('close', (code) => {
			clearTimeout(hung);
			done({ ok: code === 0, output });
		});
	});
}

// TAP as Check and node:test write it. node closes with "# pass N" and so on; Check only has its lines.
function countTap(text) {
	const number = (name) => Number(text.match(new RegExp(`^# ${name} (\\d+)`, 'm'))?.[1] ?? 0);
	if (/^# pass \d+/m.test(text))
		return { passed: number('pass'), failed: number('fail') + number('cancelled'), skipped: number('skipped') + number('todo') };
	return { passed: (text.match(/^ok /gm) ?? []).length, failed: (text.match(/^not ok /gm) ?? []).length, skipped: 0 };
}

// A program that failed without a failed test to show for it (a crash, a hung one) is one failure.
const orOne = (count, ok) => (!ok && count.failed === 0 ? add(count, { ...none, failed: 1 }) : count);

// Calls `one` for each item, `atOnce` at a time.
async function inTurns(items, atOnce, one) {
	const queue = items.values();
	await Promise.all(Array.from({ length: atOnce }, async () => {
		for (const item of queue) await one(item);
	}));
}

// The tests of a suite as meson knows them, built. Configured before Check was installed it knows none: then once more.
async function mesonTests(suite) {
	const known = async () => JSON.parse(must(await run(['meson', 'introspect', '--tests', build])))
		.filter((t) => t.suite.some((s) => s === suite || s.endsWith(`:${suite}`)));
	let tests = await known();
	if (!tests.length) {
		must(await run(['meson', 'setup', '--reconfigure', build]));
		tests = await known();
	}
	must(await run(['nice', 'ninja', '-C', build, 'all', 'meson-test-prereq']));
	return tests;
}

function must({ ok, output }) {
	if (!ok) throw new Error(output);
	return output;
}

async function programs(suite) {
	const tests = await mesonTests(suite);
	let total = none;
	const one = async (test) => {
		const tap = join(temporary, `${suite}-${test.name}.tap`);
		const { ok, output } = await run(test.cmd, { seconds: (test.timeout || 30) * 10, more: { ...test.env, CK_TAP_LOG_FILE_NAME: tap } });
		const count = orOne(existsSync(tap) ? countTap(readFileSync(tap, 'utf8')) : { ...none, passed: ok ? 1 : 0 }, ok);
		total = add(total, count);
		if (count.failed) process.stdout.write(`--- ${test.name}\n${output}\n`);
	};
	await inTurns(tests, 2, one);
	return tests.length ? total : null;
}

function testFiles(folder) {
	return readdirSync(folder, { withFileTypes: true }).filter((e) => e.name !== 'node_modules').flatMap((e) => {
		const path = join(folder, e.name);
		return e.isDirectory() ? testFiles(path) : /\.test\.m?js$/.test(e.name) ? [path] : [];
	}).sort();
}

// Files are given by name, not the folder: what `node --test FOLDER` means changed with Node 22.
async function nodeTests(folder, atOnce) {
	if (!existsSync(folder)) return null;
	const files = testFiles(folder);
	if (!files.length) return null;
	let total = none;
	await inTurns(files, atOnce, async (file) => {
		const { ok, output } = await run([process.execPath, '--test', '--test-reporter=tap', file]);
		const count = orOne(countTap(output), ok);
		if (count.failed) process.stdout.write(`--- ${file}\n${output}\n`);
		else console.log(`    ${basename(file)}: ${count.passed}`);
		total = add(total, count);
	});
	return total;
}

async function scenarios() {
	if (!existsSync('tests/scenarios/run.mjs')) return null;
	const { ok, output } = await run([process.execPath, 'tests/scenarios/run.mjs'], { show: true, seconds: 2400 });
	const line = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].pop();
	const count = line ? { passed: +line[1], failed: +line[2], skipped: +(line[3] ?? 0) } : countTap(output);
	return orOne(count, ok);
}

async function layers() {
	const { ok, output } = await run(['tools/layers.sh']);
	process.stdout.write(output);
	return { ...none, [ok ? 'passed' : 'failed']: 1 };
}

const suites = {
	layers,
	unit: () => programs('unit'),
	fuzz: () => programs('fuzz'),
	scenarios,
	cli: () => nodeTests('tests/cli', 2),
	sdk: () => nodeTests('tests/sdk', 2),
	web: () => nodeTests('tests/web', 1), // a browser each: one at a time
};

let total = none;
const names = args.length ? args : Object.keys(suites);
const report = [];
try {
	for (const name of names) {
		if (!suites[name]) throw new Error(`there is no suite "${name}"; there are: ${Object.keys(suites).join(' ')}`);
		console.log(`== ${name}`);
		const started = Date.now();
		const count = await suites[name]();
		if (count) total = add(total, count);
		report.push(count ? `${name.padEnd(10)} ${String(count.passed).padStart(6)} passed ${String(count.failed).padStart(4)} failed ` +
			`${count.skipped ? `${count.skipped} skipped ` : ''}  ${((Date.now() - started) / 1000).toFixed(1)} s` : `${name.padEnd(10)} has no tests yet`);
		console.log(report.at(-1));
	}
} catch (e) {
	console.log(e.message);
	total = add(total, { ...none, failed: 1 });
} finally {
	rmSync(temporary, { recursive: true, force: true });
}
const closing = `${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`;
if (existsSync(build)) writeFileSync(join(build, 'test-summary.txt'), `${closing}\n`);
console.log(`\n${report.join('\n')}\n${closing}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
