// harness.mjs -- a daemon of its own and a browser of its own for each test file.
//
//   const room = await room_start();        opsroomd on a free port in a new folder; ann is its admin, ben a responder
//   const page = await room.enter('ann');   a browser window of its own, logged in, at the main view
//   await room.end();                       fails when a page had errors in its console
//
// Nothing here sleeps: every wait is for something that people could see.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');

const axe_path = require.resolve('axe-core/axe.min.js');
export const password = 'correct horse battery staple';

const programs = resolve(root, process.env.OPSROOM_BUILD ?? process.env.OPSROOM_BIN_DIR ?? 'build');
const chromium_args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];
const patience_ms = 30_000;

// ---- the daemon ----

class Daemon {
	constructor(dir, options) {
		this.dir = dir;
		this.options = options;
		this.output = '';
	}

	// Starts it and waits for its address. `port` 0: a free one; later the same again.
	async start(port = 0) {
		const program = join(programs, 'opsroomd');

		assert.ok(existsSync(program), `${program} is not there: build it first`);
		this.output = '';
		this.waiting = [];
		this.child = spawn(program, ['--data', this.dir, '--listen', `127.0.0.1:${port}`, ...this.options], { stdio: ['ignore', 'pipe', 'pipe'] });
		this.exited = new Promise((done) => this.child.once('exit', done));
		for (const stream of [this.child.stdout, this.child.stderr])
			stream.setEncoding('utf8').on('data', (data) => {
				this.output += data;
				this.waiting = this.waiting.filter((look) => !look());
			});
		const [, url] = await this.#said(/listening on (http:\/\/\S+)\s/);

		this.url = url.replace(/\/$/, '');
		this.port = Number(new URL(this.url).port);
	}

	// Waits until the daemon has printed what matches.
	#said(pattern) {
		return new Promise((done, fail) => {
			const look = () => {
				const match = pattern.exec(this.output);

				if (match)
					done(match);
				return !!match;
			};

			if (!look())
				this.waiting.push(look);
			this.child.once('error', fail);
			this.exited.then((code) => fail(new Error(`opsroomd ended with ${code}:\n${this.output}`)));
		});
	}

	// The link that makes the first admin.
	async setup_link() {
		return (await this.#said(/\bhttp:\/\/\S+\/setup#[\w-]+(?=\s)/))[0];
	}

	// The end of a machine: no farewell, no flush.
	async kill() {
		this.child.kill('SIGKILL');
		await this.exited;
	}

	async restart() {
		await this.start(this.port);
	}

	async end() {
		if (this.child && this.child.exitCode === null && this.child.signalCode === null)
			await this.kill();
		await rm(this.dir, { recursive: true, force: true });
	}
}

// A person as a program: the session's cookie and the calls of the API.
class Session {
	constructor(daemon) {
		this.daemon = daemon;
		this.cookie = '';
	}

	async call(method, path, body, type = 'application/json') {
		const response = await fetch(this.daemon.url + path, {
			method, body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
			headers: { 'X-Opsroom': 'console', ...(this.cookie ? { Cookie: this.cookie } : {}), ...(body === undefined ? {} : { 'Content-Type': type }) },
		});
		const text = await response.text();

		assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
		this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie;
		return text ? JSON.parse(text) : {};
	}

	async slack(method, args = {}) {
		const answer = await this.call('POST', `/api/${method}`, args);

		assert.ok(answer.ok, `${method}: ${JSON.stringify(answer)}`);
		return answer;
	}

	async login(name) {
		await this.call('POST', '/v1/login', { user: name, password });
		return this;
	}
}

// ---- the room ----

class Room {
	pages = [];
	troubles = [];

	async start(with_admin, options) {
		this.daemon = new Daemon(await mkdtemp(join(tmpdir(), 'opsroom-web-')), options);
		await this.daemon.start();
		this.profile = await mkdtemp(join(tmpdir(), 'opsroom-chromium-'));
		this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: chromium_args, env: { ...process.env, HOME: this.profile, XDG_CONFIG_HOME: this.profile, XDG_CACHE_HOME: this.profile } });
		if (with_admin)
			await this.#people();
	}

	async #people() {
		const token = (await this.daemon.setup_link()).split('#')[1];

		this.ann = new Session(this.daemon);
		await this.ann.call('POST', '/v1/setup', { token, name: 'ann', email: 'ann@example.com', password });
		await this.person('ben');
	}

	async person(name, role = 'responder') {
		await this.ann.call('POST', '/v1/provision', `users:\n  - name: ${name}\n    email: ${name}@example.com\n    password: ${password}\n    role: ${role}\n`, 'application/yaml');
		this[name] = await new Session(this.daemon).login(name);
	}

	// A channel with these people in it. Answers its id.
	async channel(name, ...people) {
		const { channel } = await this.ann.slack('conversations.create', { name });

		for (const person of people)
			await this[person].slack('conversations.join', { channel: channel.id });
		return channel.id;
	}

	// A new window that nobody else shares cookies with.
	async window(options = {}) {
		const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
		const page = await context.newPage();

		page.setDefaultTimeout(patience_ms);
		page.on('pageerror', (error) => this.troubles.push(`page error: ${error.stack}`));
		page.on('console', (message) => {
			// A refused call or a lost connection is an answer, which the browser also writes to its console.
			if (message.type() === 'error' && !/Failed to load resource|WebSocket connection to/.test(message.text()))
				this.troubles.push(`console: ${message.text()}`);
		});
		this.pages.push(page);
		return page;
	}

	async enter(name, options) {
		const page = await this.window(options);

		await page.goto(this.daemon.url);
		await log_in(page, name);
		await page.locator('.sidebar').waitFor({ state: 'attached' });
		return page;
	}

	async end() {
		await this.browser?.close();
		await this.daemon?.end();
		if (this.profile)
			await rm(this.profile, { recursive: true, force: true });
		assert.deepEqual(this.troubles, [], 'pages had errors');
	}
}

// options: more of opsroomd's.
export async function room_start({ with_admin = true, options = [] } = {}) {
	const room = new Room();

	try {
		await room.start(with_admin, options);
	} catch (error) {
		await room.end().catch(() => {});
		throw error;
	}
	return room;
}

// ---- what people do ----

export async function log_in(page, name, secret = password) {
	await page.getByLabel('Name or e-mail').fill(name);
	await page.getByLabel('Password').fill(secret);
	await page.keyboard.press('Enter');
}

export function composer(page) {
	return page.locator('.main .composer textarea');
}

// Goes to a channel by its name in the sidebar.
export async function go_to(page, name) {
	await page.locator('.sidebar a.channel', { hasText: name }).first().click();
	await page.locator('.main h1', { hasText: name }).waitFor();
}

export async function say(page, text) {
	await composer(page).fill(text);
	await composer(page).press('Enter');
}

// The message that holds this text, in the channel's own log.
export function message(page, text) {
	return page.locator('.main .message', { hasText: text });
}

export async function see(locator) {
	await locator.first().waitFor();
}

export async function gone(locator) {
	await locator.first().waitFor({ state: 'detached' });
}

// Waits until a fact about the page holds.
export async function until(page, fact, argument) {
	await page.waitForFunction(fact, argument, { timeout: patience_ms });
}

// What axe finds serious: none is what is wanted. axe is given to the page's own world by the debugger, which the policy does not bind.
export async function violations(page) {
	await page.evaluate(readFileSync(axe_path, 'utf8'));
	const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));

	return found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
		.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160) + ' — ' + node.any.map((check) => check.message).join('; ')).join('\n')}`);
}
