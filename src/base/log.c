#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

static _Atomic int wanted = LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static const struct log_event_info events[LOG_EVENTS] = {
#define EVENT(id, name, help, fields) [id] = {name, help, fields},
#include "base/log_events.def"
#undef EVENT
};

void log_set_level(enum log_level level)
{
	atomic_store(&wanted, (int)level);
}

bool log_level_parse(struct str s, enum log_level *out)
{
	for (size_t i = 0; i < COUNT_OF(level_names); i++)
		if (str_is(s, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool log_wants(enum log_level level)
{
	return (int)level >= atomic_load(&wanted);
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 127)
			return false;
	}
	return s.n > 0;
}

static void put_value(struct buf *b, struct str s)
{
	s = str_clip(s, 500);
	if (is_plain(s)) {
		buf_add(b, s);
		return;
	}
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_char(b, '\\');
		if (c < ' ' || c == 127)
			buf_printf(b, "\\x%02x", c);
		else
			buf_char(b, (char)c);
	}
	buf_char(b, '"');
}

void log_write(enum log_level level, enum log_event event, const struct log_field *fields, size_t count)
{
	struct buf line;
	char at[WALL_TEXT_SIZE];

	buf_init(&line, 64 * KIB);
	buf_add(&line, wall_write(at, wall_now()));
	buf_printf(&line, " %s %s", level_names[level], events[event].name);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&line, " %s=", fields[i].name);
		if (fields[i].kind == FIELD_INT)
			buf_printf(&line, "%lld", (long long)fields[i].i);
		else
			put_value(&line, fields[i].s);
	}
	buf_char(&line, '\n');
	if (write(STDERR_FILENO, line.p, line.n) < 0) {
		/* nobody to tell */
	}
	buf_done(&line);
}

const struct log_event_info *log_event_info(enum log_event event)
{
	return &events[event];
}
