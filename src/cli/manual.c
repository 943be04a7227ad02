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

/* What is proposed is said by the program itself: print_proposals(). */
static const char bash[] =
	"# Printed by opsroom --completion; not to be edited. bash: source it, or put it into bash-completion/completions/opsroom.\n"
	"_opsroom() {\n"
	"\tlocal IFS=$'\\n' lines\n"
	"\tlines=($(\"$1\" --complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
	"\tcase ${lines[0]} in\n"
	"\t:file) COMPREPLY=($(compgen -f -- \"$2\")) ;;\n"
	"\t:dir) COMPREPLY=($(compgen -d -- \"$2\")) ;;\n"
	"\t?*) COMPREPLY=($(printf '%q\\n' \"${lines[@]%%$'\\t'*}\")) ;;\n"
	"\t*) COMPREPLY=() ;;\n"
	"\tesac\n"
	"\tcase ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac\n"
	"}\n"
	"complete -F _opsroom opsroom\n";

static const char zsh[] =
	"#compdef opsroom\n"
	"# Printed by opsroom --completion zsh; not to be edited. zsh: put it as _opsroom into a folder of fpath, or source it after compinit.\n"
	"_opsroom() {\n"
	"\tlocal -a lines proposed equals\n"
	"\tlocal line\n"
	"\tlines=(${(f)\"$(\"${words[1]}\" --complete \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
	"\tcase ${lines[1]} in\n"
	"\t:file) _files; return ;;\n"
	"\t:dir) _files -/; return ;;\n"
	"\tesac\n"
	"\tfor line in $lines; do\n"
	"\t\tif [[ ${line%%$'\\t'*} == *= ]]; then equals+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\t\telse proposed+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\"); fi\n"
	"\tdone\n"
	"\t(( $#proposed )) && _describe opsroom proposed\n"
	"\t(( $#equals )) && _describe opsroom equals -S ''\n"
	"}\n"
	"if [[ $funcstack[1] == _opsroom ]]; then _opsroom; else compdef _opsroom opsroom; fi\n";

void print_completion(FILE *to, bool is_zsh)
{
	fputs(is_zsh ? zsh : bash, to);
}
