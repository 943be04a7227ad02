// The audit trail under somebody's hands: whatever is changed behind the daemon's back or in an export, `opsroom audit verify` says where.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { daemon, folder, opsroom } from './helper.mjs';

const skip = spawnSync('sqlite3', ['-version']).error ? 'sqlite3 is not installed: apt-get install sqlite3' : false;
let whole, home_id; // a data directory with an audit trail, stopped, and so signed; the chain of the workspace

before(async () => {
	whole = mkdtempSync(join(tmpdir(), 'opsroom-audit-'));
	const ends = [];
	const d = await daemon({ after: (end) => ends.push(end) }, whole);
	for (const line of ['whoami', 'status', 'ack marker-of-the-third', 'help', 'alerts'])
		await opsroom(whole, ['--data', d.data, 'run', ...line.split(' ')]);
	const { out } = await opsroom(whole, ['--data', d.data, '--json', 'audit', 'search']);
	const { records } = JSON.parse(out);
	assert.equal(records.length, 6); // the second says from where the token is used
	home_id = records[0].home;
	d.child.kill('SIGTERM');
	await d.done;
	for (const end of ends) await end();
});
after(() => rmSync(whole, { recursive: true, force: true }));

// A copy that `change` was done to; what audit verify says of it.
async function verified(t, change) {
	const home = folder(t);
	cpSync(join(whole, 'data'), join(home, 'data'), { recursive: true });
	change?.(join(home, 'data/opsroom.db'));
	const d = await daemon(t, home);
	const plain = await opsroom(home, ['--data', d.data, 'audit', 'verify']);
	const json = await opsroom(home, ['--data', d.data, '--json', 'audit', 'verify']);
	assert.equal(json.code, plain.code);
	return { ...plain, bad: JSON.parse(json.out).bad };
}

const sql = (text) => (file) => {
	const { status, stderr } = spawnSync('sqlite3', [file, text], { encoding: 'utf8' });
	assert.equal(status, 0, stderr);
};

test('untouched, it is as it was written', async (t) => {
	const { code, out } = await verified(t);
	assert.equal(code, 0);
	assert.equal(out, 'Records: 6, chains: 1, all as they were written. Signed: 6, checkpoints: 1.\n');
});

test('after a clean end the database file is whole by itself', () => {
	assert.equal(existsSync(join(whole, 'data/opsroom.db-wal')), false);
});

test('one byte of a record is changed in the file: it is found, and where', async (t) => {
	const { code, out, bad } = await verified(t, (file) => {
		const bytes = readFileSync(file), at = bytes.indexOf('marker-of-the-third');
		assert.ok(at > 0);
		bytes[at] ^= 1;
		writeFileSync(file, bytes);
	});
	assert.equal(code, 1);
	assert.equal(out, `chain ${home_id}, record 4: it was changed: its hash is another\n`);
	assert.deepEqual(bad, [{ home: home_id, seq: 4, why: 'it was changed: its hash is another' }]);
	// the checkpoint holds the hashes, which are as they were
});

for (const column of ['audit_id=audit_id+1', 'at_ms=at_ms-1', 'actor_id=1', "action='help'", "via='chat'", "result='ok '", "detail=detail||' '"])
	test(`a column is changed (${column})`, { skip }, async (t) => {
		const { code, out } = await verified(t, sql(`UPDATE audit SET ${column} WHERE audit_seq=4`));
		assert.equal(code, 1);
		assert.equal(out, `chain ${home_id}, record 4: it was changed: its hash is another\n`);
	});

test('the last record is deleted', { skip }, async (t) => {
	const { code, out } = await verified(t, sql('DELETE FROM audit WHERE audit_seq=6'));
	assert.equal(code, 1);
	assert.equal(out, `checkpoint 1: records that it covers are missing\nchain ${home_id}, record 6: the end of its chain is missing or was changed\n`);
});

test('a record in the middle is deleted', { skip }, async (t) => {
	const { code, out } = await verified(t, sql('DELETE FROM audit WHERE audit_seq=2'));
	assert.equal(code, 1);
	assert.equal(out, `chain ${home_id}, record 3: a record before it is missing\ncheckpoint 1: records that it covers are missing, or others were put between them\n`);
});

test('the chain is cut, and its end is made to fit', { skip }, async (t) => {
	const { code, bad } = await verified(t, sql('DELETE FROM audit WHERE audit_seq<=2'));
	assert.equal(code, 1);
	assert.deepEqual(bad.map((b) => [b.seq, b.why]), [
		[3, 'a record before it is missing'], [undefined, 'records that it covers are missing, or others were put between them']]);
});

test('records change places', { skip }, async (t) => {
	const { code, bad } = await verified(t, sql('UPDATE audit SET audit_seq=-2 WHERE audit_seq=2; UPDATE audit SET audit_seq=2 WHERE audit_seq=3; UPDATE audit SET audit_seq=3 WHERE audit_seq=-2'));
	assert.equal(code, 1);
	assert.equal(bad[0].seq, 3);
});

test('all records are deleted', { skip }, async (t) => {
	const { code, out } = await verified(t, sql('DELETE FROM audit'));
	assert.equal(code, 1);
	assert.equal(out, `checkpoint 1: records that it covers are missing\nchain ${home_id}, record 7: a record before it is missing\n`);
	// the 7th says that the token is used: nobody remembers that it was
});

test('a chain is taken out of the list of chains', { skip }, async (t) => {
	const { code, out } = await verified(t, sql('DELETE FROM audit_head'));
	assert.equal(code, 1);
	assert.equal(out, `chain ${home_id}, record 6: its chain is not in the list of chains\n`);
});

test('a record with a broken detail is found, and the search still reads', { skip }, async (t) => {
	const home = folder(t);
	cpSync(join(whole, 'data'), join(home, 'data'), { recursive: true });
	sql("UPDATE audit SET detail='{\"line\":' WHERE audit_seq=4")(join(home, 'data/opsroom.db'));
	const d = await daemon(t, home);
	assert.equal((await opsroom(home, ['--data', d.data, 'audit', 'verify'])).code, 1);
	const search = await opsroom(home, ['--data', d.data, '--json', 'audit', 'search']);
	assert.equal(search.code, 0, search.err);
	assert.equal(JSON.parse(search.out).records.length, 6);
});

test('a chain is rewritten with all its hashes: the checkpoint does not fit', { skip }, async (t) => {
	const { code, out } = await verified(t, (file) => {
		const rows = JSON.parse(spawnSync('sqlite3', ['-json', file, 'SELECT * FROM audit ORDER BY audit_seq'], { encoding: 'utf8' }).stdout.replace(/("(?:home_id|audit_id|workspace_id|actor_id)":)(\d+)/g, '$1"$2"'));
		let prev = rows[0].prev_hash, text = '';
		for (const r of rows) {
			const detail = r.detail.replace('marker-of-the-third', 'marker-of-the-forger');
			const hash = createHash('sha256').update(`[${r.home_id},${r.audit_seq},${r.audit_id},${r.workspace_id},${r.at_ms},${r.actor_id},` +
				[r.action, r.via, detail, r.result, prev].map((s) => JSON.stringify(s)).join(',') + ']').digest('hex');
			text += `UPDATE audit SET detail='${detail}',prev_hash='${prev}',hash='${hash}' WHERE audit_seq=${r.audit_seq};`;
			prev = hash;
		}
		sql(`${text}UPDATE audit_head SET last_hash='${prev}'`)(file);
	});
	assert.equal(code, 1);
	assert.equal(out, 'checkpoint 1: the records before it are not those that it was made of\n');
});

// ---- offline: an export, and the key from another machine ----

test('an export is checked without a daemon, and is resumed where it ended', async (t) => {
	const home = folder(t), file = join(home, 'audit.jsonl');
	cpSync(join(whole, 'data'), join(home, 'data'), { recursive: true });
	const d = await daemon(t, home);
	const ask = (...words) => opsroom(home, ['--data', d.data, ...words]);
	const key = (await ask('audit', 'key')).out.trim();
	const first = (await ask('audit', 'export')).out;
	await ask('run', 'help');
	const last = JSON.parse(first.trim().split('\n').filter((l) => !l.startsWith('{"checkpoint"')).at(-1));
	const second = (await ask('audit', 'export', '--after', last.id)).out;
	const range = (await ask('audit', 'export', '--since', last.at, '--until', last.at)).out;
	d.child.kill('SIGKILL');
	await d.done;

	assert.match(key, /^[0-9a-f]{64}$/);
	assert.equal(last.detail.line, 'alerts');
	assert.equal(JSON.parse(range.split('\n')[0]).id, last.id);
	const check = (text, ...more) => {
		writeFileSync(file, text);
		return opsroom(home, ['audit', 'verify', file, '--key', key, ...more]);
	};
	const good = await check(first);
	assert.equal(good.code, 0, good.out);
	assert.match(good.out, /^Records: 6, chains: 1, all as they were written\. Signed: 6, checkpoints: 1\.\nThe last checkpoint is 1 of /);
	assert.match((await check(first + second)).out, /^Records: 7, .* Signed: 6, checkpoints: 1\.\n/);
	assert.equal((await check(second)).code, 1);
	assert.equal((await check(second, '--part')).code, 0);

	const lines = first.trimEnd().split('\n');
	const forged = await check(first.replace('marker-of-the-third', 'marker-of-the-thirt'));
	assert.equal(forged.code, 1);
	assert.match(forged.out, new RegExp(`^line 4: chain ${home_id}, record 4: it was changed: its hash is another\n`));
	assert.match((await check(lines.toSpliced(2, 1).join('\n'))).out, /^line 3: chain \d+, record 4: a record before it is missing\n/);
	assert.match((await check(lines.toSpliced(5, 1).join('\n'))).out, /^line 6: checkpoint 1: records that it covers are missing\n/);
	assert.match((await check([lines[1], lines[0], ...lines.slice(2)].join('\n'))).out, /^line 1: chain /);
	assert.match((await check(first.slice(0, -20))).out, /this line is no record and no checkpoint/);

	assert.equal((await opsroom(home, ['audit', 'verify', file])).code, 2);
	assert.match((await opsroom(home, ['audit', 'verify', file])).err, /a file is checked with --key/);
	assert.match((await opsroom(home, ['audit', 'verify', '-', '--key', 'f'.repeat(64)], { input: first })).out, /its signature is not by this key/);
	const json = await opsroom(home, ['--json', 'audit', 'verify', '-', '--key', key], { input: first });
	assert.deepEqual(JSON.parse(json.out), { ok: true, records: 6, chains: 1, checkpoints: 1, signed: 6, faults: 0, bad: [] });
	assert.match((await opsroom(home, ['audit', 'verify', join(home, 'none'), '--key', key])).err, /No such file/);
});

test('the search finds by each of its words, with names', async (t) => {
	const home = folder(t);
	cpSync(join(whole, 'data'), join(home, 'data'), { recursive: true });
	const d = await daemon(t, home);
	const found = async (...words) => {
		const { code, out, err } = await opsroom(home, ['--data', d.data, '--json', 'audit', 'search', ...words]);
		assert.equal(code, 0, err);
		return JSON.parse(out).records.map((r) => r.action);
	};
	assert.deepEqual(await found('--action', 'ack'), ['ack']);
	assert.deepEqual(await found('--actor', 'local-admin', '--result', 'ok', '--via', 'cli'), ['alerts', 'help', 'status', 'whoami']);
	assert.deepEqual(await found('--result', 'not_found'), ['ack']);
	assert.deepEqual(await found('marker-of', 'the'), []);
	assert.deepEqual(await found('MARKER-OF-THE'), ['ack']);
	assert.deepEqual(await found('--channel', '#sre-alerts'), []);
	assert.deepEqual(await found('--rule', 'deny'), []);
	assert.equal((await found('--rule', 'allow', '--action', 'help')).length, 1);
	const { out } = await opsroom(home, ['--data', d.data, '--json', 'audit', 'search', '--action', 'ack']);
	const [r] = JSON.parse(out).records;
	assert.equal(r.actor_name, 'local-admin');
	assert.deepEqual(await found('--id', r.id), ['ack']);
	assert.match((await opsroom(home, ['--data', d.data, 'audit', 'search', '--channel', 'nowhere'])).err, /there is no channel nowhere/);
});
