/* daemon/settings.h -- what can be set: one table, settings.def; defaults, file, command line and reload are read by it.
 *
 * The command line wins over the file, the file over the defaults. Every setting has an option: log_level is --log-level.
 */
#pragma once
#include "base/log.h"
#include "base/mem.h"

enum setting_id {
#define SETTING(name, type, standard, range, when, help) SETTING_##name,
#include "daemon/settings.def"
#undef SETTING
	SETTINGS
};

#define SETTING_C_PATH struct str
#define SETTING_C_ADDRESS struct str
#define SETTING_C_URL struct str
#define SETTING_C_SYSLOG struct str
#define SETTING_C_MAIL_SERVER struct str
#define SETTING_C_EMAIL struct str
#define SETTING_C_LEVEL enum log_level
#define SETTING_C_SIZE size_t
#define SETTING_C_SPAN span_ms
#define SETTING_C_COUNT unsigned

/* A member for each row, in the unit of its type; texts end in NUL, "" is unset. */
struct settings {
#define SETTING(name, type, standard, range, when, help) SETTING_C_##type name;
#include "daemon/settings.def"
#undef SETTING
};

enum setting_type {
	SETTING_PATH,
	SETTING_ADDRESS,
	SETTING_URL,
	SETTING_SYSLOG,
	SETTING_MAIL_SERVER,
	SETTING_EMAIL,
	SETTING_LEVEL,
	SETTING_SIZE,
	SETTING_SPAN,
	SETTING_COUNT
};

struct setting {
	const char *name;
	enum setting_type type;
	const char *standard, *range;
	bool reload; /* SIGHUP is enough */
	const char *help;
	size_t offset; /* in struct settings */
};
extern const struct setting settings_table[SETTINGS];

/* What the command line says; p NULL: nothing. */
struct settings_given {
	struct str text[SETTINGS];
};

/* "--log-level" -> its row; NULL: no setting has this option. */
const struct setting *settings_option(struct str word);
/* The option of a row: "--log-level". */
struct str settings_option_name(struct arena *a, const struct setting *s);

/* What its value is called in a usage: "SIZE". */
const char *settings_value_name(const struct setting *s);

/* Reads all of them. file NULL: none. ERR_INVALID names file and line, or the option, and says what is allowed. */
MUST_USE bool settings_read(struct arena *a, const char *file, const struct settings_given *given, struct settings *out,
			    struct err *err);

/* Takes over what may change while the daemon runs, texts into the arena. Adds the names of what changed to *changed, and of what changed but
 * waits for the next start to *waits, with spaces between. */
void settings_reload(struct arena *a, struct settings *now, const struct settings *fresh, struct buf *changed, struct buf *waits);

/* "127.0.0.1:8065", "[::1]:0" */
MUST_USE bool listen_parse(struct str listen, struct str *host, int *port);
