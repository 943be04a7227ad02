// opsroom import alertmanager: what is carried over, what is said, and what is never printed.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { folder, opsroom, opsroomd } from './helper.mjs';

const original = `global:
  resolve_timeout: 10m
  smtp_auth_password: tops3cret
  slack_api_url: https://hooks.example.com/tops3cret
templates: ['/etc/am/*.tmpl']
route:
  receiver: team-x
  routes:
  - &page
    match: {severity: critical, code: 500}
    receiver: pager
    continue: yes
    group_by: []
  - <<: *page
    match: {severity: page}
    continue: off
  - matchers: [ team = "db", 'note=~"it''s .*"' ]
    receiver: db
    mute_time_intervals: [offhours]
    routes:
    - matchers: ['alertname="Watchdog"']
      receiver: "null"
  - receiver: source
receivers:
- name: team-x
  slack_configs: [{channel: '#general', send_resolved: true, title: '{{ .x }}', api_url: 'https://tops3cret'}, {channel: '@bob'}]
- name: pager
  pagerduty_configs: [{service_key: tops3cret}]
- name: db
  slack_configs: [{channel: '{{ .CommonLabels.team }}'}]
- name: "null"
- name: source
  slack_configs: [{channel: C024BE91L}]
inhibit_rules:
- source_match: {severity: critical}
  target_matchers: [severity="warning"]
  equal: [alertname, cluster]
mute_time_intervals:
- name: offhours
  time_intervals: [{times: [{start_time: '18:00', end_time: '24:00'}], weekdays: ['monday:friday']}]
`;
const expected = `route:
  receiver: team-x
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  group_by: []
  routes:
    - match:
        severity: critical
        code: 500
      receiver: pager
      continue: 'yes'
    - match:
        severity: page
      continue: 'off'
      receiver: pager
    - matchers: ['team = "db"', 'note=~"it''s .*"']
      receiver: db
      mute_time_intervals: [offhours]
      routes:
        - matchers: ['alertname="Watchdog"']
          receiver: 'null'
          mute_time_intervals: [opsroom-always]
    - receiver: alertmanager-source
receivers:
  # opsroom: slack_configs: title: opsroom words and colours its messages itself
  # opsroom: slack_configs: a second channel, "@bob": a receiver of opsroom has one; a route with \`continue: true\` can name another receiver
  - name: team-x
    channel: '#general'
  # opsroom: pagerduty_configs of receiver pager: paging comes with on-call policies
  # opsroom: no channel of Slack is said: #ops is a guess
  - name: pager
    channel: '#ops'
  # opsroom: slack_configs: channel "{{ .CommonLabels.team }}": it is a template; here it is #ops
  - name: db
    channel: '#ops'
  # opsroom: it tells nobody: its routes are muted by opsroom-always
  - name: 'null'
    channel: '#ops'
  # opsroom: slack_configs: channel "C024BE91L": it is Slack's id of a channel; here it is #ops
  - name: alertmanager-source
    channel: '#ops'
inhibit_rules:
  - source_match:
      severity: critical
    target_matchers: ['severity="warning"']
    equal: [alertname, cluster]
mute_time_intervals:
  - name: offhours
    time_intervals:
      - times:
          - start_time: '18:00'
            end_time: '24:00'
        weekdays: ['monday:friday']
time_intervals:
  # opsroom: it always holds: a route that it mutes tells nobody
  - name: opsroom-always
    time_intervals:
      - times:
          - start_time: '00:00'
            end_time: '24:00'
`;

test('a file becomes ours; what is left out is listed with its line, and secrets are not shown', async (t) => {
	const home = folder(t), file = join(home, 'am.yml');
	writeFileSync(file, original);
	const { code, out, err } = await opsroom(home, ['import', 'alertmanager', file, '--channel', '#ops']);
	assert.equal(code, 1);
	assert.equal(out, `# From ${file}, by opsroom import alertmanager.\n${expected}`);
	assert.ok(!/tops3cret/.test(out + err), 'no secret');
	for (const [line, words] of [[2, 'resolve_timeout'], [2, 'note: global: not needed here: smtp_auth_password'], [5, 'templates'], [26, 'title'], [26, 'note: .*send_resolved'], [26, 'a second channel, "@bob"'],
		[27, 'receiver pager has no channel'], [28, 'pagerduty_configs'], [30, 'it is a template'], [32, 'note: receiver source is called alertmanager-source here'], [33, "Slack's id"]])
		assert.match(err, new RegExp(`^${file}: line ${line}: .*${words}`, 'm'));
	assert.match(err, /^\S+: 8 things could not be carried over$/m);
	writeFileSync(join(home, 'alerting.yaml'), out);
	const checked = await opsroomd(home, ['--check', '--alerting', join(home, 'alerting.yaml')]);
	assert.equal(checked.code, 0, checked.err);
	const json = await opsroom(home, ['import', 'alertmanager', '-', '--channel', 'ops', '--json'], { input: original });
	const answer = JSON.parse(json.out);
	assert.deepEqual([json.code, answer.complete, answer.yaml.split('\n').slice(1).join('\n')], [1, false, expected]);
	assert.deepEqual(answer.remarks.filter((r) => r.loss).length, 8);
});

test('what can be carried over whole is, with exit code 0; a wrong file is 2', async (t) => {
	const home = folder(t);
	const whole = 'route: {receiver: a, group_wait: 1m, group_interval: 1m, repeat_interval: 1h, group_by: [x]}\nreceivers: [{name: a, slack_configs: [{channel: ops}]}]\n';
	const { code, out, err } = await opsroom(home, ['import', 'alertmanager', '-'], { input: whole });
	assert.deepEqual([code, err], [0, '']);
	assert.equal(out, "# From standard input, by opsroom import alertmanager.\nroute:\n  receiver: a\n  group_wait: 1m\n  group_interval: 1m\n  repeat_interval: 1h\n  group_by: [x]\nreceivers:\n  - name: a\n    channel: '#ops'\n");
	for (const [args, input, why] of [[['-'], 'route: {receiver: x}\n', /^opsroom: standard input: line 1: undefined receiver "x" used in route$/m], [['/no/file'], '', /\/no\/file: No such file/],
		[['-', '--channel', 'A B'], whole, /there can be no channel A B/]]) {
		const refused = await opsroom(home, ['import', 'alertmanager', ...args], { input });
		assert.ok(refused.code === 2 || refused.code === 5, `${refused.code}`);
		assert.match(refused.err, why);
		assert.equal(refused.out, '');
	}
});
