#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_info infos[ERR_CODES] = {
	[ERR_NONE] = {"none", "No error", 200, 0},
	[ERR_INVALID] = {"invalid", "Not understood", 400, 2},
	[ERR_UNAUTHENTICATED] = {"unauthenticated", "Please log in", 401, 3},
	[ERR_FORBIDDEN] = {"forbidden", "Not allowed", 403, 4},
	[ERR_NOT_FOUND] = {"not_found", "Not found", 404, 5},
	[ERR_CONFLICT] = {"conflict", "Not possible in this state", 409, 6},
	[ERR_TOO_BIG] = {"too_big", "Too large", 413, 2},
	[ERR_TOO_MANY] = {"too_many", "Too many", 429, 7},
	[ERR_UNSUPPORTED] = {"unsupported", "Unsupported", 415, 2},
	[ERR_UNAVAILABLE] = {"unavailable", "Not available now", 503, 7},
	[ERR_FULL] = {"storage_full", "The disk cannot be written", 507, 7},
	[ERR_INTERNAL] = {"internal", "Internal error", 500, 8},
};

void err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code != ERR_NONE)
		return;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof err->text];
	va_list ap;
	size_t n;

	memcpy(old, err->text, sizeof old);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof err->text - n, "%s", old);
}

void err_clear(struct err *err)
{
	err->code = ERR_NONE;
	err->text[0] = '\0';
}

const struct err_info *err_info(enum err_code code)
{
	return &infos[(unsigned)code < ERR_CODES ? code : ERR_INTERNAL];
}

enum err_code err_of_http_status(int status)
{
	if (status >= 200 && status < 300)
		return ERR_NONE;
	for (int i = 1; i < ERR_CODES; i++)
		if (infos[i].http_status == status)
			return (enum err_code)i;
	return status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}
