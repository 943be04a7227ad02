// Files, with the official SDK unchanged: the upload in three steps, sharing, who may read, taking away.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemon } from './daemon.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const { WebClient, LogLevel } = require('@slack/web-api');
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAC0lEQVR4nGNgQAUAABIAAQ7YNgAAAAAASUVORK5CYII=', 'base64');
let d, dir, web, vic;
const client = (token) => new WebClient(token, { slackApiUrl: `${d.url}/api/`, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
const refused = (error) => (e) => e.data?.error === error || assert.fail(`expected ${error}, got ${e.data?.error ?? e.message}`);
const fetched = (url, token) => fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {}, redirect: 'manual' });

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'opsroom-files-'));
	d = await daemon(['--upload-max', '100K']);
	web = client(d.token);
	vic = client(d.made.tokens.look.token);
});
after(async () => {
	await d.stop();
	rmSync(dir, { recursive: true, force: true });
});

test('files.uploadV2 posts a picture and a text in one message', async () => {
	const channel = (await web.conversations.list({})).channels.find((c) => c.name === 'ops').id;
	const path = join(dir, 'notes.txt');
	writeFileSync(path, 'what we know so far');
	const r = await web.files.uploadV2({ channel_id: channel, initial_comment: 'the *graph* & notes', file_uploads: [{ file: png, filename: 'graph.png', title: 'Load', alt_text: 'a steep line' }, { file: path, filename: 'notes.txt' }] });
	const [file, notes] = r.files[0].files;
	assert.deepEqual([file.title, file.name, file.mimetype, file.filetype, file.size, file.original_w, file.original_h, file.alt_txt], ['Load', 'graph.png', 'image/png', 'png', png.length, 3, 2, 'a steep line']);
	assert.deepEqual(file.channels, [channel]);
	const [message] = (await web.conversations.history({ channel, limit: 1 })).messages;
	assert.equal(message.subtype, 'file_share');
	assert.equal(message.text, 'the *graph* &amp; notes');
	assert.deepEqual(message.files.map((f) => f.id), [file.id, notes.id]);
	assert.equal(file.shares.public[channel][0].ts, message.ts);
	assert.deepEqual(Buffer.from(await (await fetched(file.url_private, d.token)).arrayBuffer()), png);
	assert.equal((await fetched(file.url_private)).status, 401);
	assert.equal(await (await fetched(notes.url_private_download, d.token)).text(), 'what we know so far');
	const info = await web.files.info({ file: file.id });
	assert.equal(info.file.user, message.user);
	assert.deepEqual((await web.files.list({ channel, types: 'images' })).files.map((f) => f.id), [file.id]);
	const page = await web.files.list({ channel, count: 1, page: 2 });
	assert.deepEqual([page.files[0].id, page.paging], [file.id, { count: 1, total: 2, page: 2, pages: 2 }]);
});

test('a reply in a thread brings a file; without a channel it is its owner\'s alone', async () => {
	const { channel, ts } = await web.chat.postMessage({ channel: '#ops', text: 'root' });
	await web.files.uploadV2({ channel_id: channel, thread_ts: ts, content: 'x,y\n1,2\n', filename: 'a.csv' });
	const { messages } = await web.conversations.replies({ channel, ts });
	assert.deepEqual(messages[1].files.map((f) => [f.name, f.filetype, f.mimetype]), [['a.csv', 'csv', 'text/csv']]);
	const alone = (await web.files.uploadV2({ content: 'mine', filename: 'mine.txt' })).files[0].files[0];
	assert.deepEqual(alone.channels, []);
	assert.equal((await web.files.info({ file: alone.id })).file.name, 'mine.txt');
	await assert.rejects(vic.files.info({ file: alone.id }), refused('file_not_found'));
	assert.equal((await fetched(alone.url_private, d.made.tokens.look.token)).status, 404);
	assert.ok((await web.files.list({})).files.some((f) => f.id === alone.id));
	await web.files.delete({ file: alone.id });
	await assert.rejects(web.files.info({ file: alone.id }), refused('file_not_found'));
});

test('the bytes come raw, as a form of any field, or not at all', async () => {
	const expect = (length, more = {}) => web.files.getUploadURLExternal({ filename: 'x.bin', length, ...more });
	const raw = await expect(3);
	const sent = await fetch(raw.upload_url, { method: 'POST', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
	assert.deepEqual([sent.status, await sent.text()], [200, 'OK - 3']);
	assert.equal(await (await fetch(raw.upload_url, { method: 'POST', body: 'a=b' })).text(), 'OK - 3');
	const form = new FormData();
	form.append('note', 'no file');
	form.append('filename', new Blob([png]), 'y.png');
	const second = await expect(png.length);
	assert.equal(await (await fetch(second.upload_url, { method: 'POST', body: form })).text(), `OK - ${png.length}`);
	const done = await web.files.completeUploadExternal({ files: [{ id: raw.file_id }, { id: second.file_id, title: 'two' }], channel_id: '#ops' });
	assert.deepEqual(done.files.map((f) => [f.title, f.size]), [['x.bin', 3], ['two', png.length]]);
	await assert.rejects(web.files.completeUploadExternal({ files: [{ id: raw.file_id }], channel_id: '#ops' }), refused('file_not_found'));
	assert.equal((await fetch(raw.upload_url, { method: 'POST', body: 'later' })).status, 404);
	assert.equal((await fetch(`${second.upload_url}X`, { method: 'POST', body: 'x' })).status, 404);
	await assert.rejects(web.files.completeUploadExternal({ files: [{ id: (await expect(1)).file_id }], channel_id: '#ops' }), refused('file_not_found'));
	await assert.rejects(expect(200 * 1024), refused('file_upload_size_restricted'));
	await assert.rejects(expect(3, { alt_txt: 'x'.repeat(1001) }), refused('alt_txt_too_large'));
	await assert.rejects(expect(0), refused('missing_argument'));
	const large = await expect(3);
	for (const size of [110, 300]) assert.equal((await fetch(large.upload_url, { method: 'POST', body: Buffer.alloc(size * 1024) })).status, 413);
	assert.equal((await fetch(large.upload_url, { method: 'POST', body: '' })).status, 400);
	assert.equal((await fetch(large.upload_url, { method: 'POST', body: 'now' })).status, 200);
});

test('a file that is deleted leaves its messages, and takes those that say nothing else with it', async () => {
	const { channel, ts } = await web.chat.postMessage({ channel: '#ops', text: 'before' });
	const said = (await web.files.uploadV2({ channel_id: channel, initial_comment: 'look', content: 'one', filename: 'one.txt' })).files[0].files[0];
	const bare = (await web.files.uploadV2({ channel_id: channel, content: 'two', filename: 'two.txt' })).files[0].files[0];
	await assert.rejects(vic.files.delete({ file: bare.id }), refused('cant_delete_file'));
	await web.files.delete({ file: said.id });
	await web.files.delete({ file: bare.id });
	const { messages } = await web.conversations.history({ channel, oldest: ts });
	assert.deepEqual(messages.map((m) => [m.text, m.files]), [['look', undefined]]);
	assert.equal((await fetched(bare.url_private, d.token)).status, 404);
	await assert.rejects(web.files.delete({ file: bare.id }), refused('file_not_found'));
});

test('files outlive a restart; one in two channels is read by who is in either', async () => {
	const { channel: secret } = await web.conversations.create({ name: 'vault', is_private: true });
	const up = await web.files.getUploadURLExternal({ filename: 'k.txt', length: 3 });
	await fetch(up.upload_url, { method: 'POST', body: 'key' });
	await d.kill();
	await d.restart();
	await web.files.completeUploadExternal({ files: [{ id: up.file_id }], channels: `${secret.id},#ops` });
	const mine = (await web.files.info({ file: up.file_id })).file, his = (await vic.files.info({ file: up.file_id })).file;
	assert.deepEqual([mine.groups, his.groups, his.channels.length], [[secret.id], [], 1]);
	assert.equal(await (await fetched(his.url_private, d.made.tokens.look.token)).text(), 'key');
	await web.chat.delete({ channel: his.channels[0], ts: his.shares.public[his.channels[0]][0].ts });
	await assert.rejects(vic.files.info({ file: up.file_id }), refused('file_not_found'));
	assert.equal(await (await fetched(mine.url_private, d.token)).text(), 'key');
});
