#include "base/roff.h"

#include "base/err.h"
#include "base/str.h"

#include <ctype.h>

static void words(FILE *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '-':
			fputs("\\-", to);
			break;
		case '\\':
			fputs("\\e", to);
			break;
		case '\'':
			fputs("\\(aq", to);
			break;
		case '`':
			fputs("\\(ga", to);
			break;
		case '^':
			fputs("\\(ha", to);
			break;
		case '~':
			fputs("\\(ti", to);
			break;
		case '"':
			fputs("\\(dq", to);
			break;
		default:
			fputc(text.p[i], to);
		}
	}
}

void roff_words(FILE *to, const char *text)
{
	words(to, str_of(text));
}

/* A line that begins with a point would be a request. */
static void line(FILE *to, struct str text)
{
	if (str_starts(text, S(".")))
		fputs("\\&", to);
	words(to, text);
	fputc('\n', to);
}

void roff_page(FILE *to, const char *name, int section, const char *summary, const char *source)
{
	fprintf(to, ".\\\" Printed by %s; not to be edited: make docs.\n.TH ", source);
	for (const char *c = name; *c; c++)
		fputc(toupper((unsigned char)*c), to);
	fprintf(to, " %d \"\" \"opsroom " OPSROOM_VERSION "\" \"opsroom\"\n.nh\n.ad l\n.SH NAME\n", section);
	roff_words(to, name);
	fputs(" \\- ", to);
	line(to, str_of(summary));
}

void roff_section(FILE *to, const char *heading)
{
	fprintf(to, ".SH \"%s\"\n", heading);
}

void roff_subsection(FILE *to, const char *heading)
{
	fputs(".SS \"", to);
	roff_words(to, heading);
	fputs("\"\n", to);
}

void roff_text(FILE *to, const char *text)
{
	line(to, str_of(text));
}

void roff_paragraph(FILE *to)
{
	fputs(".PP\n", to);
}

void roff_term(FILE *to, const char *term, const char *value)
{
	fputs(".TP\n\\fB", to);
	roff_words(to, term);
	fputs("\\fR", to);
	if (value) {
		fputs(" \\fI", to);
		roff_words(to, value);
		fputs("\\fR", to);
	}
	fputc('\n', to);
}

void roff_item(FILE *to, const char *term, const char *value, const char *text)
{
	roff_term(to, term, value);
	line(to, str_of(text));
}

void roff_example(FILE *to, const char *lines)
{
	struct str rest = str_of(lines);

	fputs(".PP\n.RS 4\n.EX\n", to);
	while (rest.n) {
		struct str one;

		rest = str_cut(rest, '\n', &one);
		line(to, one);
	}
	fputs(".EE\n.RE\n", to);
}

void roff_see_also(FILE *to, const char *const *pages)
{
	roff_section(to, "SEE ALSO");
	for (; *pages; pages++) {
		struct str name, section = str_cut(str_of(*pages), '(', &name);

		fputs(".BR ", to);
		words(to, name);
		fprintf(to, " (" STR_FMT "%s\n", STR_ARG(section), pages[1] ? "," : "");
	}
}

void roff_exit_codes(FILE *to, const char *one)
{
	roff_section(to, "EXIT STATUS");
	roff_item(to, "0", NULL, "It is done.");
	if (one)
		roff_item(to, "1", NULL, one);
	for (int exit_code = 2; exit_code < 10; exit_code++) {
		bool any = false;

		for (int code = 1; code < ERR_CODES; code++) {
			const struct err_info *info = err_info((enum err_code)code);
			char text[100];

			if (info->exit_code != exit_code)
				continue;
			snprintf(text, sizeof text, "%d", exit_code);
			if (!any)
				roff_term(to, text, NULL);
			snprintf(text, sizeof text, "%s (%s)", info->title, info->name);
			fputs(any ? ";\n" : "", to);
			roff_words(to, text);
			any = true;
		}
		if (any)
			fputs(".\n", to);
	}
}
