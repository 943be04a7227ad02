import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines_of, matcher_op, matcher_text } from '../src/labels';

test('a matcher is written so that it is read as the same', () => {
	assert.equal(matcher_text('host', 'db-1'), 'host="db-1"');
	assert.equal(matcher_text('path', 'C:\\new "x"\nend', '!='), 'path!="C:\\\\new \\"x\\"\\nend"');
	assert.deepEqual([[false, true], [false, false], [true, true], [true, false]].map(([isRegex, isEqual]) => matcher_op({ name: 'a', value: 'b', isRegex: isRegex!, isEqual: isEqual! })), ['=', '!=', '=~', '!~']);
});

test('the lines of a field, without what is blank', () => {
	assert.deepEqual(lines_of(' team=db \n\n\thost=a\n'), ['team=db', 'host=a']);
});
