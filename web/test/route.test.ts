import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colour_parse } from '../src/blocks';
import { route_parse, route_to_message, route_to_run, route_to_silence, route_to_source, route_to_thread } from '../src/route';

test('addresses are read as they are written', () => {
	const place = (address: string) => { const { view, channel, thread, message } = route_parse(address); return [view, channel, thread, message].join(' '); };

	assert.equal(place('#/C12'), 'channel C12  ');
	assert.equal(place(route_to_message('C12', '1700000000.000100')), 'channel C12  1700000000.000100');
	assert.equal(place(route_to_message('C12', '1700000001.000200', '1700000000.000100')), 'channel C12 1700000000.000100 1700000001.000200');
	assert.equal(place(route_to_thread('D9', '1700000000.000100')), 'channel D9 1700000000.000100 ');
	assert.equal(place('/archives/C12/p1700000000000100?thread_ts=1699999999.000100&cid=C12'), 'channel C12 1699999999.000100 1700000000.000100');
	assert.equal(place('#/alerts'), 'alerts   ');
	assert.equal(route_parse('#/sources').view, 'sources');
	assert.equal(route_parse(route_to_source('a b/c')).source, 'a b/c');
	assert.deepEqual(route_parse(route_to_silence(['a="b?&"', 'c=~"d"'], 'C1')).matchers, ['a="b?&"', 'c=~"d"']);
	assert.equal(route_parse(route_to_silence([], 'C1')).tell, 'C1');
	assert.equal(route_parse('#/silences').form, undefined);
	assert.equal(route_parse('#/silences/maintenance').form, 'maintenance');
	assert.equal(route_parse('#/noise').view, 'noise');
	assert.equal(route_parse('#/sources/%').source, '%');
	for (const odd of ['', '#', '#/', '#/x', '#/C12/q1', '#/../C1', '#/C1/p<script>', 'javascript:alert(1)'])
		assert.equal(route_parse(odd).view, 'none', odd);
});

test('colours are words of Slack or hex, nothing else', () => {
	assert.equal(colour_parse('danger'), '#a30200');
	assert.equal(colour_parse('#ABC'), '#abc');
	assert.equal(colour_parse('2eb886'), '#2eb886');
	for (const bad of ['red', 'url(https://x)', '#12345', '#12345g', 'var(--x)', '', null, 7, { a: 1 }, 'constructor', '__proto__'])
		assert.equal(colour_parse(bad), '', String(bad));
});

test('a run and what the audit page looks for stand in the address', () => {
	assert.equal(route_parse(route_to_run('R-12')).run, 'R-12');
	assert.equal(route_parse(route_to_run('')).view, 'runs');
	assert.equal(route_parse('#/audit?actor=ben&q=a%26b').query, 'actor=ben&q=a%26b');
	assert.equal(route_parse('#/access').view, 'access');
});
