/* base/err.h -- why something failed, in one struct that travels up to whoever tells a person.
 *
 * What can fail returns bool and takes `struct err *err` last. Whoever knows the reason fills it, once; whoever passes it
 * on may put a few words before it. One table turns the code into an HTTP status and a CLI exit code.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first), nonnull(fmt)))

enum err_code {
	ERR_NONE,
	ERR_INVALID,         /* what was sent cannot be understood */
	ERR_UNAUTHENTICATED, /* we do not know who asks */
	ERR_FORBIDDEN,       /* we know, and they may not */
	ERR_NOT_FOUND,
	ERR_CONFLICT,   /* not in this state, or it exists already */
	ERR_TOO_BIG,    /* over a size limit */
	ERR_TOO_MANY,   /* over a rate or a number */
	ERR_UNSUPPORTED, /* a media type or method that is not taken */
	ERR_UNAVAILABLE, /* try again later */
	ERR_FULL,        /* the disk is full or cannot be written */
	ERR_INTERNAL,    /* our own fault */
	ERR_CODES
};

struct err {
	enum err_code code;
	char text[384]; /* one sentence without a final dot; UTF-8 */
};

struct err_info {
	const char *name;  /* "not_found": in logs and in problem+json */
	const char *title; /* "Not found": for people */
	int http_status;
	int exit_code; /* of the CLI: documented in opsroom(1) */
};

/* Fills *err. A second call on a filled err is our own bug in debug builds; the first reason stays. */
void err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts words before the text: "opsroom.yaml: line 3: " + text. Cuts what does not fit. */
void err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

void err_clear(struct err *err);
const struct err_info *err_info(enum err_code code);

/* It is our trouble, not the request's: the same again may well be taken. */
static inline bool err_is_outage(enum err_code code)
{
	return code == ERR_FULL || code == ERR_UNAVAILABLE || code == ERR_INTERNAL;
}

/* The code for an HTTP status that somebody answered us with; ERR_NONE for 2xx. */
enum err_code err_of_http_status(int status);
