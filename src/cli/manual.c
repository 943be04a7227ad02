#include "cli/cli.h"

#include "base/roff.h"

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

static void man_options(FILE *to, const struct cli_option *options, size_t max)
{
	for (size_t i = 0; i < max && options[i].name; i++) {
		char text[400];

		snprintf(text, sizeof text, "%s.", options[i].help);
		roff_item(to, options[i].name, options[i].value, text);
	}
}

static void man_subcommand(FILE *to, const struct subcommand *s)
{
	char heading[200];

	snprintf(heading, sizeof heading, "opsroom %s%s%s", s->name, s->arguments[0] ? " " : "", s->arguments);
	roff_subsection(to, heading);
	roff_text(to, s->help);
	if (s->more)
		roff_text(to, s->more);
	man_options(to, s->options, CLI_OPTIONS);
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
	  {"opsroom audit search --since 24h --action ack", "Who acknowledged what since yesterday."},
};

static void man_terms(FILE *to, const char *heading, size_t count, const char *const *terms)
{
	roff_section(to, heading);
	for (size_t i = 0; i < count; i++)
		roff_item(to, terms[2 * i], NULL, terms[2 * i + 1]);
}

void print_man(FILE *to)
{
	static const char *const see_also[] = {"opsroomd(8)", "opsroom.yaml(5)", "opsroom-api(7)", "opsroom-log(7)", NULL};

	roff_page(to, "opsroom", 1, "speak with the operations room from a terminal or a script", "opsroom --man");
	roff_section(to, "SYNOPSIS");
	fputs(".B opsroom\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n", to);
	roff_section(to, "DESCRIPTION");
	fputs("opsroom is the client of\n.BR opsroomd (8).\n", to);
	roff_text(to, "It lists and acknowledges alerts, says and hears things in channels, runs any command that the chat knows, "
		      "and looks into the audit log. Whatever it does is checked and recorded as if it was done in the chat.");
	roff_paragraph(to);
	roff_text(to, "The server and the token come from the options, else from the environment, else from what opsroom login "
		      "keeps, else from ./var. A kept token is sent to the server that it is for and to no other.");
	roff_paragraph(to);
	roff_text(to, "Control characters in what others wrote are shown, not sent to the terminal.");
	roff_section(to, "OPTIONS");
	man_options(to, global_options, 99);
	roff_item(to, "--", NULL, "What follows are no options.");
	roff_section(to, "COMMANDS");
	for (const struct subcommand *s = subcommands; s->name; s++)
		man_subcommand(to, s);
	man_terms(to, "ENVIRONMENT", COUNT_OF(environment), &environment[0].term);
	man_terms(to, "FILES", COUNT_OF(files), &files[0].term);
	roff_exit_codes(to, "It went well, and the answer is no: audit verify found a broken chain.");
	man_terms(to, "EXAMPLES", COUNT_OF(examples), &examples[0].term);
	roff_see_also(to, see_also);
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
