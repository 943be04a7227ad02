// A real MariaDB takes the schema and every statement that is not SQLite's own: a second driver can come without a new dialect.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, run } from './counterparts.mjs';

const store = new URL('../../src/store/', import.meta.url).pathname;
const skip = missing('mariadbd', 'mariadb-server-core') || missing('mariadb', 'mariadb-client-core');
const as_user = process.getuid() === 0 ? ['--user=root'] : [];
let dir, server;

const sql = (text, database = 'opsroom') => run('mariadb', ['--no-defaults', '-S', join(dir, 's'), ...(database ? [database] : [])], text);

before(async () => {
	if (skip)
		return;
	dir = mkdtempSync(join(tmpdir(), 'opsroom-mariadb-'));
	const made = spawnSync('mariadb-install-db', ['--no-defaults', ...as_user, `--datadir=${dir}/data`, '--skip-test-db', '--auth-root-authentication-method=normal'], { encoding: 'utf8' });
	assert.equal(made.status, 0, made.stderr + made.stdout);
	server = spawn('mariadbd', ['--no-defaults', ...as_user, `--datadir=${dir}/data`, `--socket=${dir}/s`, '--skip-networking', '--skip-grant-tables',
		'--sql-mode=ANSI_QUOTES,STRICT_ALL_TABLES', '--innodb-buffer-pool-size=32M'], { stdio: ['ignore', 'ignore', 'pipe'] });
	await new Promise((ready, failed) => { // it says so on its log when it can be asked
		let log = '';
		server.stderr.setEncoding('utf8').on('data', (text) => {
			log += text;
			if (log.includes('ready for connections'))
				ready();
		});
		server.on('exit', () => failed(new Error(log)));
	});
	const { code, err } = await sql('CREATE DATABASE opsroom CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', '');
	assert.equal(code, 0, err);
});

after(async () => {
	if (!dir)
		return;
	if (server && server.exitCode === null) {
		const gone = new Promise((r) => server.once('exit', r));
		server.kill('SIGTERM');
		await gone;
	}
	rmSync(dir, { recursive: true, force: true });
});

test('the schema', { skip }, async () => {
	for (const file of readdirSync(join(store, 'schema')).filter((name) => name.endsWith('.sql') && !name.endsWith('.sqlite.sql')).sort()) {
		const { code, err } = await sql(readFileSync(join(store, 'schema', file), 'utf8'));
		assert.equal(code, 0, `${file}: ${err}`);
	}
});

// As the compiler sees them: names and texts of queries.def, up to what is SQLite's own.
function queries() {
	const [portable, own] = readFileSync(join(store, 'queries.def'), 'utf8').split("/* search: SQLite's own */");
	const { stdout } = spawnSync('cc', ['-E', '-P', '-'], { input: `#define QUERY(name, sql) @@name: sql\n${portable}`, encoding: 'utf8' });

	assert.ok(own, 'queries.def says where SQLite\'s own begins');
	return stdout.split('@@').slice(1).map((row) => {
		const [, name, texts] = /^(\w+):([^]*)$/.exec(row.trim());
		return { name, text: [...texts.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => JSON.parse(`"${m[1]}"`)).join('') };
	});
}

test('every statement', { skip }, async () => {
	const list = queries(), quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

	assert.ok(list.length > 90, `${list.length} statements`);
	for (const { name, text } of list) {
		const { code, err } = await sql(`PREPARE p FROM ${quote(text)}`);
		assert.equal(code, 0, `${name}: ${err}\n${text}`);
	}
});
