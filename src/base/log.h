/* base/log.h -- one line an event: time, level, event name, fields. logfmt, to stderr.
 *
 *     log_info(EV_LOGIN, F_STR("user", name), F_STR("from", address));
 *     2026-03-02T02:15:00.000Z info login.ok user=ann from=127.0.0.1
 *
 * Values with spaces or quotes are quoted. Safe from any thread.
 */
#pragma once
#include "base/time.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_event {
#define EVENT(id, name, help, fields) id,
#include "base/log_events.def"
#undef EVENT
	LOG_EVENTS
};

struct log_field {
	const char *name;
	enum { FIELD_INT, FIELD_STR } kind;
	int64_t i;
	struct str s;
};

#define F_INT(name, v) ((struct log_field){name, FIELD_INT, (int64_t)(v), {NULL, 0}})
#define F_STR(name, v) ((struct log_field){name, FIELD_STR, 0, (v)})
#define F_TXT(name, z) ((struct log_field){name, FIELD_STR, 0, str_of(z)})

void log_set_level(enum log_level level);
bool log_level_parse(struct str s, enum log_level *out);
bool log_wants(enum log_level level);
void log_write(enum log_level level, enum log_event event, const struct log_field *fields, size_t count);

#define LOG_(level, event, ...)                                                                                                \
	do {                                                                                                                   \
		if (log_wants(level)) {                                                                                        \
			const struct log_field log_fields_[] = {__VA_ARGS__};                                                  \
			log_write(level, event, log_fields_, COUNT_OF(log_fields_));                                           \
		}                                                                                                              \
	} while (0)
#define log_debug(event, ...) LOG_(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG_(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_(LOG_ERROR, event, __VA_ARGS__)

struct log_event_info {
	const char *name, *help, *fields;
};
const struct log_event_info *log_event_info(enum log_event event); /* for the manual */
