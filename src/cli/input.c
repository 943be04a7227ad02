#include "cli/cli.h"

#include <errno.h>

bool read_input(struct cli *c, const char *name, size_t max_bytes, struct str *out, struct err *err)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	struct buf b;
	char part[16384];
	size_t n;

	if (!f) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", name, strerror(errno));
		return false;
	}
	buf_init(&b, max_bytes);
	while (!b.failed && (n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, str_n(part, n));
	if (ferror(f))
		err_set(err, ERR_INVALID, "%s cannot be read: %s", name, strerror(errno));
	else if (b.failed)
		err_set(err, ERR_TOO_BIG, "%s has more than %zu bytes", name, max_bytes);
	if (f != stdin)
		fclose(f);
	*out = buf_keep(&c->arena, &b);
	return err->code == ERR_NONE;
}
