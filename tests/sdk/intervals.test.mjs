// What Debian's amtool takes as a time interval, and what it refuses, is what tests/unit/test_ops_interval.c says.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, run } from './counterparts.mjs';

const skip = missing('amtool', 'prometheus-alertmanager');
const source = readFileSync(new URL('../unit/test_ops_interval.c', import.meta.url), 'utf8');

// The table `lists`, row by row: the YAML, and the reason if we refuse it.
const table = source.slice(source.indexOf('} lists[] = {'), source.indexOf('START_TEST(is_read)'));
const text = (literal) => JSON.parse(literal);
const cases = [...table.matchAll(/\{("(?:[^"\\]|\\.)*"),\s*(?:\.why = ("(?:[^"\\]|\\.)*")|"(?:[^"\\]|\\.)*")\}/g)]
	.map(([, yaml, why]) => ({ yaml: text(yaml), why: why && text(why) }));

// We are stricter where Local would mean the machine's own place, and where an empty entry is a slip.
const stricter = (why) => /`Local`|is empty$/.test(why);
// Our own words, where Alertmanager names types of its program.
const own = (why) => /must be a list$|as a mapping$|^field |no time zone/.test(why);

test('amtool takes and refuses the same time intervals', { skip }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'opsroom-intervals-')), file = join(dir, 'alertmanager.yml');
	assert.ok(cases.length > 70, `${cases.length} cases were found`);
	try {
		for (const { yaml, why } of cases) {
			writeFileSync(file, `route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: x\n  time_intervals: ${yaml}\n`);
			const { code, out, err } = await run('amtool', ['check-config', file]);
			const refused = why !== undefined && !stricter(why);
			assert.equal(code !== 0, refused, `${yaml}: ${out}${err}`);
			if (refused && !own(why)) assert.ok(`${out}${err}`.includes(why), `${yaml}: '${why}' is not in ${out}${err}`);
		}
	} finally {
		rmSync(dir, { recursive: true });
	}
});
