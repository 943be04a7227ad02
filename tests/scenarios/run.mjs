// tests/scenarios/run.mjs [FILE...] -- plays the scenarios, two at once, and ends with "N passed, N failed".
//
// A scenario that fails says in which line, what was expected and what was there instead; then the end of the daemon's log.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { World, wordsOf } from './language.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = process.env.OPSROOM_BUILD ?? join(here, '../../build');
const atOnce = 2;
const hungAfter = 30000;

const files = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(here).filter((f) => f.endsWith('.scenario')).sort().map((f) => join(here, f));

// No statement waits for long: one that does is hung.
function inTime(promise) {
	let timer;
	const late = new Promise((_, failed) => {
		timer = setTimeout(() => failed(new Error(`no end after ${hungAfter / 1000} s`)), hungAfter);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function logOf(world) {
	return Object.entries(world.things).filter(([, thing]) => thing.log).map(([name, thing]) => {
		const lines = readFileSync(thing.log, 'utf8').trimEnd().split('\n').slice(-8);
		return `    log of ${name}:\n${lines.map((l) => `      ${l}`).join('\n')}`;
	}).join('\n');
}

async function play(file) {
	const folder = mkdtempSync(join(tmpdir(), 'opsroom-scenario-'));
	const world = new World(build, folder, join(here, 'files'));
	let number = 0, title = basename(file);
	try {
		for (const line of readFileSync(file, 'utf8').split('\n')) {
			number++;
			const words = wordsOf(line);
			if (words[0] === 'scenario') [, title] = words;
			else if (words.length) await inTime(world.run(words));
		}
		console.log(`ok    ${title}`);
		return true;
	} catch (e) {
		console.log(`FAIL  ${title}\n    ${relative(process.cwd(), file)}:${number}: ${e.message}\n${logOf(world)}`);
		return false;
	} finally {
		await world.end();
		rmSync(folder, { recursive: true, force: true });
	}
}

let passed = 0, failed = 0;
const queue = files.values();
await Promise.all(Array.from({ length: atOnce }, async () => {
	for (const file of queue)
		if (await play(file)) passed++;
		else failed++;
}));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
