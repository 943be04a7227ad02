#include "daemon/settings.h"
#include "unit.h"

#include <unistd.h>

static struct arena a;
static struct err err;
static struct settings s;
static char file[] = "/tmp/opsroom-settings-XXXXXX";

static bool read_given(const char *option, const char *value)
{
	struct settings_given given = {0};
	const struct setting *setting = settings_option(str_of(option));

	ck_assert_msg(setting, "%s", option);
	given.text[setting - settings_table] = str_of(value);
	err_clear(&err);
	return settings_read(&a, NULL, &given, &s, &err);
}

static bool read_text(const char *text)
{
	struct settings_given given = {0};
	FILE *f;
	int fd;

	strcpy(file, "/tmp/opsroom-settings-XXXXXX");
	fd = mkstemp(file);
	f = fdopen(fd, "w");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	err_clear(&err);
	fd = settings_read(&a, file, &given, &s, &err);
	unlink(file);
	return fd;
}

/* The table itself: every default must be allowed by its own row, and what may change while the daemon runs is no text,
 * because other threads may be reading that; but for those that the net thread alone reads. */
START_TEST(the_table_is_sound)
{
	struct settings_given none = {0};

	ck_assert_msg(settings_read(&a, NULL, &none, &s, &err), "%s", err.text);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *row = &settings_table[i];
		size_t n = strlen(row->help);

		ck_assert_ptr_eq(settings_option(settings_option_name(&a, row)), row);
		ck_assert_msg(!row->reload || row->type >= SETTING_LEVEL || i == SETTING_sources_dir || i == SETTING_alerting || i == SETTING_access || i == SETTING_plugins_dir || i == SETTING_prometheus_url || i == SETTING_audit_syslog || i == SETTING_chats ||
				      strncmp(row->name, "mail_", 5) == 0,
			      "%s", row->name);
		ck_assert_msg(n > 10 && row->help[n - 1] == '.', "%s: %s", row->name, row->help);
	}
	ck_str(s.listen, "127.0.0.1:8065");
	ck_assert_uint_eq(s.head_max, 16 * KIB);
	ck_assert_int_eq(s.session_life, 30 * DAY);
	ck_assert_int_eq(s.log_level, LOG_INFO);
}
END_TEST

START_TEST(values_of_each_type)
{
	static const struct {
		const char *option, *value;
		bool ok;
	} cases[] = {
		{"--listen", "0.0.0.0:80", true},
		{"--listen", "[::1]:0", true},
		{"--listen", "::1:80", false},
		{"--listen", "localhost:80", false},
		{"--listen", "127.0.0.1", false},
		{"--listen", "127.0.0.1:65536", false},
		{"--listen", ":80", false},
		{"--public-url", "https://ops.example.com/", true},
		{"--public-url", "ops.example.com", false},
		{"--public-url", "https://", false},
		{"--public-url", "https://x y", false},
		{"--mail-server", "mail.example.com", false},
		{"--mail-server", "smtp://mail.example.com:587 ", false},
		{"--mail-from", "opsroom", false},
		{"--data", "", false},
		{"--log-level", "debug", true},
		{"--log-level", "loud", false},
		{"--body-max", "65536", true},
		{"--body-max", "1M", true},
		{"--body-max", "63K", false},
		{"--body-max", "4097K", false},
		{"--body-max", "1m", false},
		{"--body-max", "-1M", false},
		{"--body-max", "9999999999999999G", false},
		{"--body-max", "M", false},
		{"--body-max", "", false},
		{"--head-deadline", "1s", true},
		{"--head-deadline", "1m30s", true},
		{"--head-deadline", "999ms", false},
		{"--head-deadline", "301s", false},
		{"--head-deadline", "10", false},
		{"--queue-max", "100", true},
		{"--queue-max", "99", false},
		{"--queue-max", "1000001", false},
		{"--queue-max", "1K", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(read_given(cases[i].option, cases[i].value) == cases[i].ok, "%s %s: %s", cases[i].option,
			      cases[i].value, err.text);
	ck_assert(read_given("--body-max", "1M"));
	ck_assert_uint_eq(s.body_max, MIB);
	ck_assert(read_given("--head-deadline", "1m30s"));
	ck_assert_int_eq(s.head_deadline, 90 * SECOND);
	ck_assert(read_given("--public-url", "https://ops.example.com/"));
	ck_str(s.public_url, "https://ops.example.com");
	ck_assert_ptr_null(settings_option(S("--body_max")));
	ck_assert_ptr_null(settings_option(S("--nothing")));
}
END_TEST

START_TEST(errors_say_where_and_what_is_allowed)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"listen: 127.0.0.1:1\nlog_levle: info\n",
		 ": line 2: there is no setting \"log_levle\"; did you mean log_level?"},
		{"replay_max: 5\n", ": line 1: there is no setting \"replay_max\"; did you mean stream_replay_max?"},
		{"zzz: 5\n", ": line 1: there is no setting \"zzz\""},
		{"\nbody_max: 1K\n", ": line 2: body_max takes a size from 64K to 4M, such as 4M; not \"1K\""},
		{"head_deadline: soon\n",
		 ": line 1: head_deadline takes a time from 1s to 5m, such as 10s; not \"soon\""},
		{"queue_max: 1\n", ": line 1: queue_max takes a number from 100 to 1000000, such as 10000; not \"1\""},
		{"log_level: loud\n",
		 ": line 1: log_level takes debug, info, warn or error, such as info; not \"loud\""},
		{"listen: here\n", ": line 1: listen takes ADDRESS:PORT, such as 127.0.0.1:8065; not \"here\""},
		{"listen: [1, 2]\n", ": line 1: listen takes one value: ADDRESS:PORT, such as 127.0.0.1:8065"},
		{"- listen\n", ": line 1: settings stand one a line, as name: value"},
		{"listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", ": line 2: the same key twice"},
		{"prometheus_url: ftp://reader:open@sesame@prom:9090\n",
		 ": line 1: prometheus_url takes http:// or https:// and a host; not \"prom:9090\""},
		{"tls_key: x\n", ": tls_certificate and tls_key go together; tls_certificate is missing"},
		{"mail_server: smtp://mail\n", ": mail_server and mail_from go together; mail_from is missing"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_msg(!read_text(cases[i].text), "%s", cases[i].text);
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_str_eq(err.text, arena_printf(&a, "%s%s", file, cases[i].says).p);
	}
	ck_assert(!read_given("--queue-max", "1"));
	ck_assert_str_eq(err.text,
			 "--queue-max: queue_max takes a number from 100 to 1000000, such as 10000; not \"1\"");
}
END_TEST

START_TEST(the_command_line_wins)
{
	struct settings_given given = {0};

	ck_assert_msg(read_text("body_max: 1M\nqueue_max:\n"), "%s", err.text);
	ck_assert_uint_eq(s.body_max, MIB);
	ck_assert_uint_eq(s.queue_max, 10000); /* a name alone is the default */
	given.text[SETTING_log_level] = S("warn");
	err_clear(&err);
	ck_assert(!settings_read(&a, "/nonexistent", &given, &s, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	err_clear(&err);
	ck_assert(settings_read(&a, NULL, &given, &s, &err));
	ck_assert_int_eq(s.log_level, LOG_WARN);
}
END_TEST

START_TEST(a_reload_takes_what_it_may)
{
	struct settings now;
	struct buf changed, waits;

	buf_init(&changed, KIB);
	buf_init(&waits, KIB);
	ck_assert(read_text(""));
	now = s;
	ck_assert(read_text("body_max: 4096K\n")); /* the same in other words */
	settings_reload(&a, &now, &s, &changed, &waits);
	ck_str(buf_str(&changed), "");
	ck_assert(read_text("body_max: 1M\nlog_level: error\nlisten: 127.0.0.1:1\nsession_life: 1d\nsources_dir: /etc/own\n"));
	settings_reload(&a, &now, &s, &changed, &waits);
	ck_str(buf_str(&changed), "sources_dir log_level body_max");
	ck_str(now.sources_dir, "/etc/own");
	ck_assert_ptr_ne(now.sources_dir.p, s.sources_dir.p);
	ck_str(buf_str(&waits), "listen session_life");
	ck_assert_uint_eq(now.body_max, MIB);
	ck_assert_int_eq(now.log_level, LOG_ERROR);
	ck_str(now.listen, "127.0.0.1:8065");
	ck_assert_int_eq(now.session_life, 30 * DAY);
	buf_done(&changed);
	buf_done(&waits);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"settings", the_table_is_sound},
		{"settings", values_of_each_type},
		{"settings", errors_say_where_and_what_is_allowed},
		{"settings", the_command_line_wins},
		{"settings", a_reload_takes_what_it_may},
	};

	arena_init(&a);
	return unit_run("daemon/settings", tests, COUNT_OF(tests));
}
