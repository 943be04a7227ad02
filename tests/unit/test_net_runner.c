#include "runner_fixture.h"

#include <sys/wait.h>

/* ---- what comes back ---- */

START_TEST(lines_input_and_code)
{
	struct runner_order o = sh(1, "cat; echo fine; echo bad >&2; printf unended; exit 3");
	const struct seen *s;

	needs_sandbox();
	o.input = S("{\"id\":1}\n");
	s = ran(&o);
	ck_str(buf_str(&s->out), "{\"id\":1}\nfine\nunended\n");
	ck_str(buf_str(&s->err), "bad\n");
	ck_assert_int_eq(s->end.code, 3);
	ck_assert(s->started == 1 && s->pid > 0 && !s->end.timed_out && !s->end.cancelled && !s->end.unknown);
	ck_assert_str_eq(s->reason, "");
	ck_assert_uint_gt(s->end.max_rss_bytes, 500 * KIB);
}
END_TEST

START_TEST(exit_codes)
{
	static const struct {
		const char *script;
		int code;
	} cases[] = {{"exit 0", 0}, {"exit 77", 77}, {"kill -SEGV $$", 128 + SIGSEGV}, {"kill -KILL $$", 128 + SIGKILL}, {"exec ./not-there", 127}};
	static const struct str missing[] = {{"no-such-program", 15}}, not_executable[] = {{"/etc/passwd", 11}}, bwraps[] = {{"sh", 2}, {"-c", 2}, {"echo bwrap: no >&2; exit 1", 26}};
	struct runner_order o;
	const struct seen *s;

	needs_sandbox();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		s = ran_sh(1 + (int64_t)i, cases[i].script);
		ck_assert_msg(s->end.code == cases[i].code, "%s: %d", cases[i].script, s->end.code);
	}
	o = order(20, 1, missing);
	s = ran(&o);
	ck_assert_int_eq(s->end.code, RUNNER_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(s->reason, "there is no program no-such-program"));
	ck_assert_uint_eq(s->lines, 0); /* bwrap's own words are the reason, not output */
	o = order(21, 1, not_executable);
	s = ran(&o);
	ck_assert_int_eq(s->end.code, RUNNER_NOT_RUNNABLE);
	o = order(22, 3, bwraps); /* a program may say what bwrap says */
	s = ran(&o);
	ck_assert_int_eq(s->end.code, 1);
	ck_str(buf_str(&s->err), "bwrap: no\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	struct runner_order o = sh(1, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo next; head -c 70000 /dev/zero | tr '\\0' y >&2");
	const struct seen *s;

	needs_sandbox();
	s = ran(&o);
	ck_assert_uint_eq(s->out.n, 64 * KIB + 1 + 5);
	ck_assert_uint_eq(s->err.n, 64 * KIB + 1);
	ck_assert_uint_eq(s->cut, 2);
	ck_assert_uint_eq(s->end.left_out_bytes, 170000 - 2 * 64 * KIB);
}
END_TEST

START_TEST(output_has_a_limit)
{
	struct runner_order o = sh(1, "i=0; while [ $i -lt 2000 ]; do echo 0123456789; i=$((i+1)); done; echo done >&2; exit 5");
	const struct seen *s;

	needs_sandbox();
	o.limits.output_bytes = 11 * 100;
	s = ran(&o);
	ck_assert_uint_eq(s->lines, 101);
	ck_assert_uint_eq(s->ours, 1);
	ck_assert(str_ends(buf_str(&s->out), S("left out]\n")));
	ck_assert_uint_eq(s->end.left_out_bytes, 1900 * 11 + 5);
	ck_assert_int_eq(s->end.code, 5); /* it ran on to its end */
}
END_TEST

/* ---- time, cancelling ---- */

START_TEST(time_limit)
{
	struct runner_order o = sh(1, "trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.05; done");
	const struct seen *s;

	needs_sandbox();
	o.limits.time = 300;
	s = ran(&o);
	ck_assert_int_eq(s->end.code, RUNNER_TIMED_OUT);
	ck_assert(s->end.timed_out && !s->end.cancelled);
	ck_str(buf_str(&s->out), "up\ntold\n"); /* TERM comes first, and to the program itself */
}
END_TEST

START_TEST(who_does_not_hear_is_killed)
{
	struct runner_order o = sh(1, "trap '' TERM; (trap '' TERM; sleep 1000) & echo up; while :; do sleep 0.1; done");
	const struct seen *s;

	needs_sandbox();
	o.limits.time = 200;
	s = ran(&o);
	ck_assert_int_eq(s->end.code, RUNNER_TIMED_OUT);
	ck_assert_int_ge(s->end.wall, 5000);
}
END_TEST

static void cancel_it(int64_t id)
{
	ck_assert(runner_cancel(runner, id));
}

START_TEST(cancel_running)
{
	struct runner_order o = sh(1, "echo up; sleep 1000");
	const struct seen *s;

	needs_sandbox();
	on_line_do = cancel_it;
	s = ran(&o);
	ck_assert(s->end.cancelled && !s->end.timed_out);
	ck_assert_int_eq(s->end.code, 128 + SIGTERM);
	ck_assert(!runner_cancel(runner, 1));
}
END_TEST

START_TEST(cancel_at_once)
{
	struct runner_order o = sh(1, "sleep 1000");
	const struct seen *s = &seen[1];

	needs_sandbox();
	start(&o);
	ck_assert(runner_cancel(runner, 1));
	run_until(s->ended);
	ck_assert(s->end.cancelled);
}
END_TEST

/* ---- the queue ---- */

START_TEST(a_plugin_at_its_limit_holds_up_no_other)
{
	struct runner_order o;

	needs_sandbox();
	for (int64_t id = 1; id <= 6; id++) {
		o = sh(id, "sleep 1000");
		start(&o);
	}
	o = sh(7, "echo other");
	o.plugin = S("q");
	ran(&o);
	ck_assert_uint_eq(seen[7].queued, 0);
	run_until(seen[5].queued && seen[6].queued && seen[4].started);
	ck_assert_uint_eq(seen[5].ahead, 0);
	ck_assert_uint_eq(seen[6].ahead, 1);
	ck_assert_uint_eq(seen[4].queued, 0);
	ck_assert(!seen[5].started);
	cancel_it(6); /* waiting */
	cancel_it(1); /* running */
	run_until(seen[6].ended && seen[1].ended && seen[5].started);
	ck_assert(seen[6].end.cancelled && !seen[6].started && seen[6].end.code == 128 + SIGTERM);
}
END_TEST

START_TEST(at_most_so_many_and_a_bounded_queue)
{
	struct err err = {0};
	struct runner_order o;
	size_t running, queued;

	needs_sandbox();
	options.at_once = 2;
	options.queued_max = 3;
	runner_anew();
	for (int64_t id = 1; id <= 5; id++) {
		o = sh(id, "read line; echo $line");
		start(&o);
	}
	runner_counts(runner, &running, &queued);
	ck_assert(running == 2 && queued == 3);
	o = sh(6, ":");
	ck_assert(!runner_start(runner, &o, &err));
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	run_until(ends == 6); /* one is the fixture's */
	for (int64_t id = 1; id <= 5; id++)
		ck_assert(seen[id].end.code == 0 && (id <= 2) == !seen[id].queued);
}
END_TEST

START_TEST(two_hundred_at_once_lose_nothing)
{
	static const char script[] = "i=0; while [ $i -lt 3000 ]; do echo line $i; echo other $i >&2; i=$((i+1)); done";
	struct buf out, err;

	needs_sandbox();
	options.at_once = 200;
	runner_anew();
	buf_init(&out, MIB);
	buf_init(&err, MIB);
	for (int i = 0; i < 3000; i++) {
		buf_printf(&out, "line %d\n", i);
		buf_printf(&err, "other %d\n", i);
	}
	for (int64_t id = 1; id <= 200; id++) {
		struct runner_order o = sh(id, script);

		o.limits.at_once = 200;
		start(&o);
	}
	for (unsigned turns = 0; ends < 201; turns++) {
		runner_hold(runner, turns % 8 < 4); /* who does not read makes them wait */
		uv_run(&loop, turns % 8 < 4 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
	}
	for (int64_t id = 1; id <= 200; id++) {
		ck_assert_int_eq(seen[id].end.code, 0);
		ck_assert(str_eq(buf_str(&seen[id].out), buf_str(&out)) && str_eq(buf_str(&seen[id].err), buf_str(&err)));
	}
	buf_done(&out);
	buf_done(&err);
}
END_TEST

/* A number of /proc/PID/FILE behind a word. */
static long number_of(int pid, const char *file, const char *word)
{
	char path[64], text[8192];
	const char *at;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	at = strstr(text, word);
	ck_assert_ptr_nonnull(at);
	return strtol(at + strlen(word), NULL, 10);
}

START_TEST(who_is_not_heard_waits)
{
	char script[200], mark[64], children[64];
	struct runner_order o;
	long inside;

	needs_sandbox();
	snprintf(mark, sizeof mark, "mark-of-test-%d", (int)getpid());
	snprintf(script, sizeof script, "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -n 2000000; : %s", mark);
	snprintf(children, sizeof children, "task/%d/children", (int)runner_pid(runner));
	inside = number_of(runner_pid(runner), children, "");
	o = sh(1, script);
	o.limits.output_bytes = 1u << 30;
	runner_hold(runner, true);
	start(&o);
	while (!somebody_has(mark, "cmdline"))
		uv_run(&loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 300; i++) { /* enough for all of it to come, if anybody took it */
		ck_assert(somebody_has(mark, "cmdline"));
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_eq(seen[1].lines, 0);
	runner_hold(runner, false);
	run_until(seen[1].ended);
	ck_assert_uint_eq(seen[1].lines, 2000000);
	ck_assert_int_lt(number_of((int)inside, "status", "VmHWM:"), 30000); /* KiB; the output has 72 MB */
}
END_TEST

/* ---- the process ---- */

static void kill_runner(int64_t id)
{
	if (id != 1 || seen[1].lines > 1)
		return;
	ck_assert_int_eq(kill(runner_pid(runner), SIGKILL), 0);
}

START_TEST(one_that_was_killed_is_started_anew)
{
	char mark[64], script[200], up[300];
	struct runner_order o;

	needs_sandbox();
	snprintf(mark, sizeof mark, "mark-of-test-%d", (int)getpid());
	snprintf(script, sizeof script, "setsid sleep 1000 & sleep 1000; : %s", mark);
	snprintf(up, sizeof up, "echo up; %s", script);
	for (int64_t id = 1; id <= 5; id++) {
		o = sh(id, id == 1 ? up : id < 5 ? script : "echo later");
		start(&o);
	}
	on_line_do = kill_runner;
	run_until(seen[1].ended && seen[4].ended);
	ck_assert(seen[1].end.unknown && seen[4].end.unknown);
	run_until(seen[5].ended); /* it had only waited */
	ck_assert(!seen[5].end.unknown && seen[5].end.code == 0);
	ck_str(buf_str(&seen[5].out), "later\n");
	while (somebody_has(mark, "cmdline")) /* its programs die with it, however far they were */
		;
}
END_TEST

static int told_by;

static void daemon_saw_line(void *context, int64_t id, const struct runner_line *line)
{
	(void)context, (void)id, (void)line;
	if (write(told_by, "", 1) != 1)
		_exit(1);
}

START_TEST(it_dies_with_the_daemon)
{
	struct runner_order o;
	char script[100], mark[64];
	pid_t daemon;
	int pair[2];
	char byte;

	needs_sandbox();
	snprintf(mark, sizeof mark, "mark-of-test-%d", (int)getpid());
	snprintf(script, sizeof script, "echo up; sleep 1000; : %s", mark);
	ck_assert_int_eq(pipe(pair), 0);
	daemon = fork();
	if (daemon == 0) { /* with a loop and a runner of its own */
		uv_loop_t own;
		const struct runner_events events = {.on_line = daemon_saw_line};

		uv_loop_init(&own);
		told_by = pair[1];
		o = sh(1, script);
		runner = runner_new(&own, &options, &events, NULL);
		start(&o);
		uv_run(&own, UV_RUN_DEFAULT);
		_exit(1);
	}
	ck_assert_int_eq(read(pair[0], &byte, 1), 1);
	ck_assert(somebody_has(mark, "cmdline"));
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	while (somebody_has(mark, "cmdline"))
		;
}
END_TEST

START_TEST(one_that_does_not_stay_up)
{
	unsigned kills = 0;
	pid_t last = 0;

	needs_sandbox();
	last = runner_pid(runner);
	for (int64_t id = 1; id <= 30; id++) {
		struct runner_order o = sh(id, "sleep 1000");

		start(&o);
	}
	kill(last, SIGKILL);
	while (ends < 31) {
		if (runner_pid(runner) && runner_pid(runner) != last) {
			last = runner_pid(runner);
			kill(last, SIGKILL);
			kills++;
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
	ck_assert_uint_eq(kills, 4);
	ck_assert(seen[20].end.unknown && !seen[21].end.unknown);
	ck_assert_int_eq(seen[30].end.code, RUNNER_NO_START);
	ck_assert_str_eq(seen[30].reason, "the process that runs plugins does not stay up");
}
END_TEST

START_TEST(it_has_no_file_no_environment_and_no_root)
{
	char name[64], text[4096];
	size_t n;
	FILE *f;

	setenv("SECRET", "x", 1);
	ck_assert_ptr_nonnull(fopen("/dev/zero", "r"));
	runner_anew();
	ran_sh(1, "true");
	snprintf(name, sizeof name, "/proc/%d/environ", (int)runner_pid(runner));
	f = fopen(name, "r");
	if (f) { /* only root may look */
		ck_assert_uint_eq(fread(text, 1, sizeof text, f), 0);
		fclose(f);
	}
	snprintf(name, sizeof name, "/proc/%d/status", (int)runner_pid(runner));
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	ck_assert_ptr_null(strstr(text, "Uid:\t0"));
	ck_assert_ptr_nonnull(strstr(text, "CapEff:\t0000000000000000"));
}
END_TEST

START_TEST(an_order_that_makes_no_sense)
{
	static const struct str bad_env[] = {{"1=x", 3}}, bad_env_2[] = {{"LD PRELOAD=x", 12}}, bad_env_3[] = {{"nothing", 7}};
	static const struct runner_secret up[] = {{{"../x", 4}, {"", 0}}}, hidden[] = {{{".x", 2}, {"", 0}}}, slash[] = {{{"a/b", 3}, {"", 0}}};
	struct runner_order good = sh(1, ":"), bad[16];
	struct err err;
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = good;
	bad[n++].id = 0;
	bad[n++].argc = 0;
	bad[n++].plugin = S("");
	bad[n++].folder = "here";
	bad[n].env = bad_env, bad[n++].env_count = 1;
	bad[n].env = bad_env_2, bad[n++].env_count = 1;
	bad[n].env = bad_env_3, bad[n++].env_count = 1;
	bad[n].secrets = up, bad[n++].secret_count = 1;
	bad[n].secrets = hidden, bad[n++].secret_count = 1;
	bad[n].secrets = slash, bad[n++].secret_count = 1;
	bad[n].serve = S("k"), bad[n++].input = S("{}\n{}\n");
	bad[n++].image = S("--privileged");
	bad[n++].limits.time = 0;
	bad[n++].limits.memory_bytes = 0;
	bad[n++].input = str_n("", 9 * MIB);
	for (size_t i = 0; i < n; i++) {
		err_clear(&err);
		ck_assert_msg(!runner_start(runner, &bad[i], &err) && err.code, "%zu", i);
	}
	start(&good);
	err_clear(&err);
	ck_assert(!runner_start(runner, &good, &err) && err.code == ERR_CONFLICT);
}
END_TEST

/* ---- callbacks ---- */

#define ASK "import socket,os,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(os.environ['OPSROOM_SOCKET'])\nf=s.makefile('rwb')\n"

static struct runner_order python(int64_t id, const char *script)
{
	static struct str words[SEEN][3];

	words[id][0] = S("python3");
	words[id][1] = S("-c");
	words[id][2] = str_of(script);
	return order(id, 3, words[id]);
}

static void echo_call(int64_t id, int64_t call, struct str text)
{
	char answer[200];
	int n = snprintf(answer, sizeof answer, "{\"got\":%zu,\"first\":\"%.1s\"}", text.n, text.p);

	buf_printf(&calls, "%" PRId64 " " STR_FMT "\n", id, STR_ARG(str_clip(text, 60)));
	runner_answer(runner, id, call, str_n(answer, (size_t)n));
}

START_TEST(calls_back)
{
	struct runner_order o = python(1, ASK "f.write(b'{\"say\":1}\\n{\"say\":2}\\n'); f.flush()\n"
					      "print(f.readline().decode(), f.readline().decode())\n"
					      "f.write(b'x'*65000+b'\\n'); f.flush(); print(f.readline().decode())\n"
					      "f.write(b'x'*70000+b'\\n'); f.flush(); print(f.readline().decode())");

	needs_sandbox();
	on_call_do = echo_call;
	o.callback = true;
	ran(&o);
	ck_str(buf_str(&seen[1].err), "");
	ck_str(buf_str(&seen[1].out), "{\"got\":9,\"first\":\"{\"}\n {\"got\":9,\"first\":\"{\"}\n\n{\"got\":65000,\"first\":\"x\"}\n\n"
				      "{\"error\":\"a line has 64 KiB at most\"}\n\n");
	ck_assert(str_starts(buf_str(&calls), S("1 {\"say\":1}\n1 {\"say\":2}\n")));
}
END_TEST

static unsigned waiting;
static struct {
	int64_t id, call;
} asked[20];

static void keep_call(int64_t id, int64_t call, struct str text)
{
	(void)text;
	asked[waiting].id = id;
	asked[waiting++].call = call;
}

START_TEST(eight_calls_at_once)
{
	struct runner_order o = python(1, "import socket,os\n"
					  "a=[]\n"
					  "for i in range(12):\n"
					  "  s=socket.socket(socket.AF_UNIX); s.connect(os.environ['OPSROOM_SOCKET']); s.send(b'{}\\n'); a.append(s)\n"
					  "print('sent',flush=True)\n"
					  "for s in a: print(s.recv(100).decode(), end=''); s.close()");

	needs_sandbox();
	on_call_do = keep_call;
	o.callback = true;
	start(&o);
	run_until(seen[1].lines == 1 && waiting == 8);
	ck_assert_uint_eq(waiting, 8);
	for (unsigned i = 0; i < 12; i++) {
		run_until(waiting > i);
		runner_answer(runner, asked[i].id, asked[i].call, S("{}"));
		runner_answer(runner, asked[i].id, asked[i].call, S("{\"again\":1}")); /* dropped */
	}
	run_until(seen[1].ended);
	ck_assert_int_eq(seen[1].end.code, 0);
	ck_assert_uint_eq(seen[1].out.n, 5 + 12 * 3);
	runner_answer(runner, 1, asked[0].call, S("{}")); /* dropped */
}
END_TEST

/* ---- serve ---- */

#define SERVE "import sys,json,os,time\nn=0\ndef put(o): print(json.dumps(o),flush=True)\n"                             \
	      "for l in sys.stdin:\n d=json.loads(l)\n n+=1\n"

static struct runner_order served(int64_t id, const char *script, const char *input)
{
	struct runner_order o = python(id, script);

	o.serve = S("digest-1");
	o.input = str_of(input);
	return o;
}

#define CHATTY                                                                                                         \
	SERVE " i=d['id']\n put({'id':i,'line':'n %d pid %d'%(n,os.getpid())})\n put({'id':i,'event':{'type':'row','n':n}})\n"    \
	      " print('not json',flush=True)\n put({'id':i,'err':'careful'})\n sys.stderr.write('noise\\n'); sys.stderr.flush(); time.sleep(0.05)\n"    \
	      " put({'id':i,'exit':3})\n"

START_TEST(serves_many_with_one_program)
{
	struct runner_order o = served(1, CHATTY, "{\"id\":\"1\"}");

	needs_sandbox();
	ran(&o);
	ck_assert_int_eq(seen[1].end.code, 3);
	ck_str(buf_str(&seen[1].out), "n 1 pid 2\n");
	ck_str(buf_str(&seen[1].events), "{\"type\":\"row\",\"n\":1}\n");
	ck_assert(str_is(buf_str(&seen[1].err), "careful\nnoise\n") || str_is(buf_str(&seen[1].err), "noise\ncareful\n"));
	o = served(2, CHATTY, "{\"id\":\"2\"}\n");
	ran(&o);
	ck_str(buf_str(&seen[2].out), "n 2 pid 2\n");
	ck_str(buf_str(&logged), "p: not json\np: not json\n");
	ck_assert_int_eq(seen[1].pid, seen[2].pid);
}
END_TEST

START_TEST(serving_answers_in_any_order)
{
	static const char script[] = SERVE " if n==1: first=d['id']\n else:\n  put({'id':d['id'],'exit':0}); put({'id':first,'line':'late'}); "
					   "put({'id':'77','line':'nobody'}); put({'id':first,'exit':0}); put({'id':first,'line':'too late'})\n";
	struct runner_order a = served(1, script, "{\"id\":\"1\"}"), b = served(2, script, "{\"id\":\"2\"}");

	needs_sandbox();
	start(&a);
	ran(&b);
	run_until(seen[1].ended);
	ck_str(buf_str(&seen[1].out), "late\n");
	ck_assert(seen[1].end.code == 0 && seen[2].end.code == 0 && !seen[2].out.n);
}
END_TEST

START_TEST(serving_that_crashes_is_started_anew)
{
	static const char script[] = SERVE " if 'die' in d: os._exit(9)\n if 'stay' not in d: put({'id':d['id'],'exit':0})\n";
	struct runner_order a = served(1, script, "{\"id\":\"1\",\"stay\":1}"), b = served(2, script, "{\"id\":\"2\",\"die\":1}"),
			    c = served(3, script, "{\"id\":\"3\"}");

	needs_sandbox();
	start(&a);
	ran(&b);
	run_until(seen[1].ended);
	ck_assert(seen[1].end.code == RUNNER_CRASHED && seen[2].end.code == RUNNER_CRASHED);
	ck_assert_str_eq(seen[1].reason, "the plugin's program ended (code 9) before it answered");
	ck_assert_int_eq(ran(&c)->end.code, 0);
	ck_assert_int_ne(seen[3].pid, seen[1].pid);
}
END_TEST

START_TEST(serving_that_cannot_start)
{
	static const struct str missing[] = {{"no-such-program", 15}};
	struct runner_order a = order(1, 1, missing), b = order(2, 1, missing);

	needs_sandbox();
	a.serve = b.serve = S("k");
	a.input = b.input = S("{}");
	start(&a);
	ran(&b);
	run_until(seen[1].ended);
	ck_assert_int_eq(seen[1].end.code, RUNNER_NOT_FOUND);
	ck_assert_int_eq(seen[2].end.code, RUNNER_NOT_FOUND);
}
END_TEST

START_TEST(serving_over_its_time_and_cancelled)
{
	static const char script[] = SERVE " if 'cancel' in d: put({'id':d['cancel'],'line':'gives up'}); put({'id':d['cancel'],'exit':1})\n"
					   " elif 'quick' in d: put({'id':d['id'],'exit':0})\n else: put({'id':d['id'],'line':'up'})\n";
	struct runner_order a = served(1, script, "{\"id\":\"1\"}"), b = served(2, script, "{\"id\":\"2\"}"),
			    c = served(3, script, "{\"id\":\"3\",\"quick\":1}");

	needs_sandbox();
	start(&a);
	run_until(seen[1].lines == 1);
	cancel_it(1);
	run_until(seen[1].ended);
	ck_assert(seen[1].end.cancelled && seen[1].end.code == 1);
	ck_str(buf_str(&seen[1].out), "up\ngives up\n");
	b.limits.time = 100;
	ran(&b);
	ck_assert(seen[2].end.timed_out && seen[2].end.code == RUNNER_TIMED_OUT);
	ck_assert_int_eq(seen[2].pid, seen[1].pid);
	ck_assert_int_eq(ran(&c)->end.code, 0);
	ck_assert_int_ne(seen[3].pid, seen[2].pid);
}
END_TEST

START_TEST(serving_calls_back_for_a_run)
{
	static const char script[] = ASK "import json\nids=[]\ndef put(o): print(json.dumps(o),flush=True)\n"
					 "def ask(o):\n f.write(json.dumps(o).encode()+b'\\n'); f.flush(); return f.readline().decode().strip()\n"
					 "for l in sys.stdin:\n ids.append(json.loads(l)['id'])\n"
					 " if len(ids)==1: put({'id':'1','line':ask({'only':1})})\n"
					 " else: put({'id':'2','line':ask({'run':'2'})}); put({'id':'2','line':ask({})}); "
					 "[put({'id':i,'exit':0}) for i in ids]\n";
	struct runner_order a = served(1, script, "{\"id\":\"1\"}"), b = served(2, script, "{\"id\":\"2\"}");

	needs_sandbox();
	on_call_do = echo_call;
	a.callback = b.callback = true;
	start(&a);
	run_until(seen[1].lines == 1);
	ran(&b);
	run_until(seen[1].ended);
	ck_str(buf_str(&calls), "1 {\"only\": 1}\n2 {\"run\": \"2\"}\n");
	ck_assert(str_starts(buf_str(&seen[2].out), S("{\"got\":12,\"first\":\"{\"}\n{\"error\":\"which run is this for?")));
}
END_TEST

int main(int argc, char **argv)
{
	const struct unit_test tests[] = {
		{"lines", lines_input_and_code},
		{"lines", exit_codes},
		{"lines", long_lines_are_cut},
		{"lines", output_has_a_limit},
		{"end", time_limit},
		{"end", who_does_not_hear_is_killed},
		{"end", cancel_running},
		{"end", cancel_at_once},
		{"queue", a_plugin_at_its_limit_holds_up_no_other},
		{"queue", at_most_so_many_and_a_bounded_queue},
		{"queue", two_hundred_at_once_lose_nothing},
		{"queue", who_is_not_heard_waits},
		{"process", one_that_was_killed_is_started_anew},
		{"process", it_dies_with_the_daemon},
		{"process", one_that_does_not_stay_up},
		{"process", it_has_no_file_no_environment_and_no_root},
		{"process", an_order_that_makes_no_sense},
		{"callback", calls_back},
		{"callback", eight_calls_at_once},
		{"serve", serves_many_with_one_program},
		{"serve", serving_answers_in_any_order},
		{"serve", serving_that_crashes_is_started_anew},
		{"serve", serving_that_cannot_start},
		{"serve", serving_over_its_time_and_cancelled},
		{"serve", serving_calls_back_for_a_run},
	};

	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main();
	return unit_run_in("net/runner", tests, COUNT_OF(tests), open_world, close_world);
}
