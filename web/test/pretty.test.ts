import assert from 'node:assert/strict';
import { test } from 'node:test';
import { body_text, json_indent } from '../src/pretty';

test('JSON is indented, and nothing but white space changes', () => {
	assert.equal(json_indent('{"a":[1,{"b":"x, {y}: \\"z\\""}],"c":{},"d":[]}'), '{\n  "a": [\n    1,\n    {\n      "b": "x, {y}: \\"z\\""\n    }\n  ],\n  "c": {},\n  "d": []\n}');
	assert.equal(json_indent('{"id":12345678901234567890,"id":1.0e5}'), '{\n  "id": 12345678901234567890,\n  "id": 1.0e5\n}');
	assert.equal(json_indent('"text"'), '"text"');
});

test('what is no JSON stays, a form is a line for each field', () => {
	assert.equal(body_text('application/json', '{"cut":'), '{"cut":');
	assert.equal(body_text('application/x-www-form-urlencoded; charset=utf-8', 'a=1+2&payload=%7B%22b%22%3A3%7D'), 'a = 1 2\npayload = {\n  "b": 3\n}');
	assert.equal(body_text('text/plain', 'a=1&b=2'), 'a=1&b=2');
});
