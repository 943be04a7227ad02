#include "cli/cli.h"

/* "opsroom token create [--scopes SCOPES] <name>" without the name of the program */
static void print_usage(FILE *to, const struct subcommand *s)
{
	fprintf(to, "%s", s->name);
	for (size_t i = 0; i < CLI_OPTIONS && s->options[i].name; i++)
		fprintf(to, " [%s%s%s]", s->options[i].name, s->options[i].value ? " " : "",
			s->options[i].value ? s->options[i].value : "");
	if (s->arguments[0])
		fprintf(to, " %s", s->arguments);
}

static void print_options(FILE *to, const struct cli_option *options, size_t max)
{
	for (size_t i = 0; i < max && options[i].name; i++) {
		int n = fprintf(to, "  %s%s%s", options[i].name, options[i].value ? " " : "",
				options[i].value ? options[i].value : "");

		fprintf(to, "%*s%s\n", n < 20 ? 20 - n : 1, "", options[i].help);
	}
}

void print_help(FILE *to, const struct cli *c)
{
	(void)c;
	fprintf(to, "usage: opsroom [OPTION...] COMMAND [ARGUMENT...]\n\n");
	for (const struct subcommand *s = subcommands; s->name; s++) {
		int n = fprintf(to, "  %s%s%s", s->name, s->arguments[0] ? " " : "", s->arguments);

		fprintf(to, "%*s%s\n", n < 26 ? 26 - n : 1, "", s->help);
	}
	fprintf(to, "\nOptions, for each of them:\n");
	print_options(to, global_options, 99);
	fprintf(to, "\nThe manual: man opsroom, or opsroom --man | man -l -\n");
}

void print_sub_help(FILE *to, const struct subcommand *s)
{
	fprintf(to, "usage: opsroom ");
	print_usage(to, s);
	fprintf(to, "\n\n%s\n", s->help);
	if (s->more)
		fprintf(to, "%s\n", s->more);
	if (s->options[0].name) {
		fprintf(to, "\n");
		print_options(to, s->options, CLI_OPTIONS);
	}
	fprintf(to, "\n");
}

/* ---- opsroom(1) ---- */

/* Text in roff: hyphens that can be copied, no escapes, no line that begins with a request. */
static void roff(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", to);
		else if (*text == '\\')
			fputs("\\e", to);
		else
			fputc(*text, to);
	}
}

static void roff_options(FILE *to, const struct cli_option *options, size_t max)
{
	for (size_t i = 0; i < max && options[i].name; i++) {
		fputs(".TP\n.B ", to);
		roff(to, options[i].name);
		if (options[i].value)
			fprintf(to, " \\fI%s\\fR", options[i].value);
		fputc('\n', to);
		roff(to, options[i].help);
		fputs(".\n", to);
	}
}

static void roff_subcommand(FILE *to, const struct subcommand *s)
{
	fputs(".SS \"opsroom ", to);
	roff(to, s->name);
	if (s->arguments[0])
		fputc(' ', to);
	roff(to, s->arguments);
	fputs("\"\n", to);
	roff(to, s->help);
	fputc('\n', to);
	if (s->more) {
		roff(to, s->more);
		fputc('\n', to);
	}
	roff_options(to, s->options, CLI_OPTIONS);
}

static const struct {
	const char *term, *text;
} environment[] =
	{
		{"OPSROOM_URL", "As --url."},
		{"OPSROOM_TOKEN", "As --token."},
		{"OPSROOM_DATA", "As --data."},
		{"NO_COLOR", "If it is set and not empty, there are no colours. There are none either when the output "
			     "is no terminal."},
		{"XDG_CONFIG_HOME", "Where the configuration file is: $XDG_CONFIG_HOME/opsroom/cli.json instead of "
				    "~/.config/opsroom/cli.json."},
},
  files[] =
	  {
		  {"~/.config/opsroom/cli.json",
		   "What opsroom login keeps: the address and a token. Only its owner can read it."},
		  {"./var", "The data directory that make run uses; if it has an admin.token and nothing else says a "
			    "server, that one is asked."},
},
  examples[] = {
	  {"opsroom login --url https://ops.example.com", "Log in; afterwards no option is needed."},
	  {"opsroom alerts --state firing", "What burns."},
	  {"opsroom ack k7f3", "I have it."},
	  {"opsroom run oncall payments", "Any command that the chat knows."},
	  {"journalctl -u nginx -n 20 | opsroom post sre-alerts -", "Show the others what the machine says."},
	  {"opsroom tail sre-alerts --json | jq -r .event.text", "Messages for another program."},
	  {"opsroom audit search --since 24h --action alert.ack", "Who acknowledged what since yesterday."},
};

static void roff_terms(FILE *to, const char *heading, size_t count, const char *const *terms)
{
	fprintf(to, ".SH %s\n", heading);
	for (size_t i = 0; i < count; i++) {
		fputs(".TP\n.B ", to);
		roff(to, terms[2 * i]);
		fputc('\n', to);
		roff(to, terms[2 * i + 1]);
		fputc('\n', to);
	}
}

static void roff_exit_codes(FILE *to)
{
	fputs(".SH EXIT STATUS\n.TP\n.B 0\nIt is done.\n.TP\n.B 1\nIt went well, and the answer is no: \\fBaudit "
	      "verify\\fR found a broken chain.\n",
	      to);
	for (int exit_code = 2; exit_code < 10; exit_code++) {
		bool any = false;

		for (int code = 1; code < ERR_CODES; code++) {
			const struct err_info *info = err_info((enum err_code)code);

			if (info->exit_code != exit_code)
				continue;
			if (!any)
				fprintf(to, ".TP\n.B %d\n", exit_code);
			fprintf(to, "%s%s (%s)", any ? "; " : "", info->title, info->name);
			any = true;
		}
		if (any)
			fputs(".\n", to);
	}
}

void print_man(FILE *to)
{
	fputs(".\\\" Printed by opsroom --man; not to be edited.\n.TH OPSROOM 1 \"\" \"opsroom " OPSROOM_VERSION
	      "\" \"opsroom\"\n"
	      ".SH NAME\nopsroom \\- speak with the operations room from a terminal or a script\n"
	      ".SH SYNOPSIS\n.B opsroom\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n"
	      ".SH DESCRIPTION\n"
	      "opsroom is the client of\n.BR opsroomd (8).\n"
	      "It lists and acknowledges alerts, says and hears things in channels, runs any command that the chat "
	      "knows, and looks into the "
	      "audit log. Whatever it does is checked and recorded as if it was done in the chat.\n.PP\n"
	      "The server and the token come from the options, else from the environment, else from what \\fBopsroom "
	      "login\\fR keeps, else "
	      "from ./var. A kept token is sent to the server that it is for and to no other.\n.PP\n"
	      "Control characters in what others wrote are shown, not sent to the terminal.\n"
	      ".SH OPTIONS\n",
	      to);
	roff_options(to, global_options, 99);
	fputs(".TP\n.B \\-\\-\nWhat follows are no options.\n.SH COMMANDS\n", to);
	for (const struct subcommand *s = subcommands; s->name; s++)
		roff_subcommand(to, s);
	roff_terms(to, "ENVIRONMENT", COUNT_OF(environment), &environment[0].term);
	roff_terms(to, "FILES", COUNT_OF(files), &files[0].term);
	roff_exit_codes(to);
	roff_terms(to, "EXAMPLES", COUNT_OF(examples), &examples[0].term);
	fputs(".SH SEE ALSO\n.BR opsroomd (8),\n.BR opsroom.yaml (5),\n.BR opsroom\\-api (7)\n", to);
}

/* ---- completion ---- */

static void print_words(FILE *to, const struct cli_option *options, size_t max)
{
	for (size_t i = 0; i < max && options[i].name; i++)
		fprintf(to, " %s", options[i].name);
}

/* The first words, each once: "token" stands in several rows, one behind the other. */
static void print_first_words(FILE *to)
{
	struct str last = {"", 0};

	for (const struct subcommand *s = subcommands; s->name; s++) {
		struct str head;

		str_cut(str_of(s->name), ' ', &head);
		if (!str_eq(head, last))
			fprintf(to, " " STR_FMT, STR_ARG(head));
		last = head;
	}
}

static void print_second_words(FILE *to)
{
	struct str last = {"", 0};

	for (const struct subcommand *s = subcommands; s->name; s++) {
		struct str head, tail = str_cut(str_of(s->name), ' ', &head);

		if (tail.n && !str_eq(head, last))
			fprintf(to, "%s\t" STR_FMT ") words=\"", last.n ? "\" ;;\n" : "", STR_ARG(head));
		if (tail.n) {
			fprintf(to, " " STR_FMT, STR_ARG(tail));
			last = head;
		}
	}
	fputs("\" ;;\n", to);
}

void print_completion(FILE *to)
{
	fputs("# Printed by opsroom --completion; not to be edited. bash: source it, or put it into "
	      "bash-completion/completions/opsroom.\n"
	      "_opsroom() {\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} words= command= first= i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--url|--token|--data|--ca) ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) if [ -z \"$first\" ]; then first=${COMP_WORDS[i]}; else command=\"$first ${COMP_WORDS[i]}\"; "
	      "break; fi ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase ${first:-none} in\n\tnone) words=\"",
	      to);
	print_first_words(to);
	fputs("\" ;;\n", to);
	print_second_words(to);
	fputs("\tesac\n\tif [ -n \"$command\" ]; then words=; fi\n\tcase $word in -*) words=\"", to);
	print_words(to, global_options, 99);
	fputs("\"\n\t\tcase $command in\n", to);
	for (const struct subcommand *s = subcommands; s->name; s++)
		if (s->options[0].name && strchr(s->name, ' ')) {
			fprintf(to, "\t\t\"%s\") words+=\"", s->name);
			print_words(to, s->options, CLI_OPTIONS);
			fputs("\" ;;\n", to);
		}
	fputs("\t\tesac\n\t\tcase $first in\n", to);
	for (const struct subcommand *s = subcommands; s->name; s++)
		if (s->options[0].name && !strchr(s->name, ' ')) {
			fprintf(to, "\t\t%s) words+=\"", s->name);
			print_words(to, s->options, CLI_OPTIONS);
			fputs("\" ;;\n", to);
		}
	fputs("\t\tesac ;;\n\tesac\n"
	      "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n"
	      "\t--data) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
	      "\t--ca) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	      "\t--state) words=\"open firing acknowledged resolved all\" ;;\n"
	      "\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	      "}\n"
	      "complete -F _opsroom opsroom\n",
	      to);
}
