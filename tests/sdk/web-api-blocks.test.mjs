// Block Kit is checked as Slack checks it: what must be there and how long it may be, with the place of what is wrong.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { daemon } from './daemon.mjs';

let d, bot;
const call = (method, body, token) => d.api(`/api/${method}`, { body, token });
const long = (n) => 'ä'.repeat(n), plain = (text) => ({ type: 'plain_text', text }), mrkdwn = (text) => ({ type: 'mrkdwn', text });
const button = (more) => [{ type: 'actions', elements: [{ type: 'button', action_id: 'a', text: plain('x'), ...more }] }];
const option = (text = 'a', value = 'a') => ({ text: plain(text), value });
const select = (more) => [{ type: 'actions', elements: [{ type: 'static_select', action_id: 's', placeholder: plain('p'), options: [option()], ...more }] }];
const input = (more) => [{ type: 'input', label: plain('a'), element: { type: 'plain_text_input', action_id: 'i' }, ...more }];
const less = (n, at) => `must be less than ${n + 1} characters [json-pointer:${at}]`, items = (n, at) => `no more than ${n} items allowed [json-pointer:${at}]`;

before(async () => {
	d = await daemon();
	bot = (await d.api('/v1/apps', { body: { name: 'asks', manifest: {} } })).bot_token;
});
after(() => d.stop());

test('what goes beyond a limit is refused, and named by its place', async () => {
	const e = '/blocks/0/elements/0';
	for (const [blocks, detail] of [
		[Array(51).fill({ type: 'divider' }), items(50, '/blocks')],
		[[{ type: 'x' }], 'unsupported type: x [json-pointer:/blocks/0/type]'],
		[[{ type: 'divider' }, { type: 'section', text: mrkdwn('') }], 'must be more than 0 characters [json-pointer:/blocks/1/text/text]'],
		[[{ type: 'section', text: mrkdwn(long(3001)) }], less(3000, '/blocks/0/text/text')],
		[[{ type: 'section', fields: Array(11).fill(mrkdwn('a')) }], items(10, '/blocks/0/fields')],
		[[{ type: 'section', fields: [mrkdwn(long(2001))] }], less(2000, '/blocks/0/fields/0/text')],
		[[{ type: 'section', text: mrkdwn('a'), accessory: { type: 'button', text: plain(long(76)) } }], less(75, '/blocks/0/accessory/text/text')],
		[[{ type: 'header', text: plain(long(151)) }], less(150, '/blocks/0/text/text')],
		[[{ type: 'header', text: mrkdwn('a') }], 'unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]'],
		[[{ type: 'context', elements: Array(11).fill(mrkdwn('a')) }], items(10, '/blocks/0/elements')],
		[[{ type: 'actions', elements: Array(26).fill({ type: 'button', text: plain('a') }) }], items(25, '/blocks/0/elements')],
		[[{ type: 'divider', block_id: long(256) }], less(255, '/blocks/0/block_id')],
		[[{ type: 'actions', elements: [{ type: 'x' }] }], `unsupported type: x [json-pointer:${e}/type]`],
		[button({ action_id: long(256) }), less(255, `${e}/action_id`)],
		[button({ text: plain(long(76)) }), less(75, `${e}/text/text`)],
		[button({ text: undefined }), `missing required field: text [json-pointer:${e}]`],
		[button({ value: long(2001) }), less(2000, `${e}/value`)],
		[button({ url: `http://${long(3000)}` }), less(3000, `${e}/url`)],
		[button({ confirm: { title: plain(long(101)), text: plain('a') } }), less(100, `${e}/confirm/title/text`)],
		[button({ confirm: { title: plain('a'), text: plain(long(301)) } }), less(300, `${e}/confirm/text/text`)],
		[button({ confirm: { title: plain('a'), text: plain('a'), deny: plain(long(31)) } }), less(30, `${e}/confirm/deny/text`)],
		[select({ options: Array(101).fill(option()) }), items(100, `${e}/options`)],
		[select({ options: [option(), option(long(76))] }), less(75, `${e}/options/1/text/text`)],
		[select({ options: [option('a', long(76))] }), less(75, `${e}/options/0/value`)],
		[select({ options: undefined, option_groups: Array(101).fill({ label: plain('g'), options: [option()] }) }), items(100, `${e}/option_groups`)],
		[select({ options: undefined, option_groups: [{ label: plain('g'), options: [option(long(76))] }] }), less(75, `${e}/option_groups/0/options/0/text/text`)],
		[select({ placeholder: plain(long(151)) }), less(150, `${e}/placeholder/text`)],
		[[{ type: 'actions', elements: [{ type: 'overflow', action_id: 'o', options: Array(6).fill(option()) }] }], items(5, `${e}/options`)],
		[input({ label: plain(long(2001)) }), less(2000, '/blocks/0/label/text')],
		[input({ hint: plain(long(2001)) }), less(2000, '/blocks/0/hint/text')],
		[input({ element: undefined }), 'missing required field: element [json-pointer:/blocks/0]'],
		[[{ type: 'markdown', text: long(12001) }], less(12000, '/blocks/0/text')],
	]) {
		const r = await call('chat.postMessage', { channel: 'ops', text: 'x', blocks });
		assert.deepEqual([r.error, r.errors, r.response_metadata?.messages], ['invalid_blocks', [detail], [`[ERROR] ${detail}`]], detail);
	}
});

test('what is just within is taken, as it came', async () => {
	const blocks = [{ type: 'section', block_id: long(255), text: mrkdwn(long(3000)), accessory: button({})[0].elements[0] }, { type: 'header', block_id: 'h', text: plain(long(150)) },
		{ ...button({ value: long(2000), confirm: { title: plain('a'), text: mrkdwn('b'), confirm: plain('y'), deny: plain('n') } })[0], block_id: 'b' },
		{ ...select({ options: Array(100).fill(option(long(75), long(75))) })[0], block_id: 's' }, { type: 'context', block_id: 'c', elements: [mrkdwn('a'), { type: 'image', image_url: 'http://x/y.png', alt_text: 'y' }] }];
	const r = await call('chat.postMessage', { channel: 'ops', text: 'x', blocks });
	assert.deepEqual(r.message?.blocks, blocks, r.error);
});

test('blocks of attachments and of views too', async () => {
	const r = await call('chat.postMessage', { channel: 'ops', text: 'x', attachments: [{ text: 'a' }, { blocks: [{ type: 'x' }] }] });
	assert.deepEqual([r.error, r.errors], ['invalid_blocks', ['unsupported type: x [json-pointer:/attachments/1/blocks/0/type]']]);
	const home = (blocks) => call('views.publish', { user_id: d.made.users.ann.id, view: { type: 'home', blocks } }, bot);
	for (const [blocks, detail] of [[[{ type: 'section', text: mrkdwn(long(3001)) }], less(3000, '/view/blocks/0/text/text')], [Array(101).fill({ type: 'divider' }), items(100, '/view/blocks')]]) {
		const shown = await home(blocks);
		assert.deepEqual([shown.error, shown.response_metadata.messages], ['invalid_arguments', [`[ERROR] ${detail}`]]);
	}
	assert.equal((await home(Array(100).fill({ type: 'divider' }))).ok, true);
});
