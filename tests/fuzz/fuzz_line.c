/* The command line (ops/grammar.h): what is taken has one canonical text, which reads back as itself. */
#include "fuzz.h"
#include "ops/grammar.h"

static bool any_name(void *context, struct str ref, struct value *out, struct err *err)
{
	(void)context;
	(void)err;
	out->text = ref.n && (ref.p[0] == '@' || ref.p[0] == '#') ? str_n(ref.p + 1, ref.n - 1) : ref;
	return true;
}

static const struct bind_names names = {.user = any_name, .channel = any_name, .now = 1772416800000};

static struct command_set *commands_made(void)
{
	static const char *const usages[][2] = {
		{"ack", "<alert:alert>"},
		{"page", "<who:user> <message...> [--ack-within=span]"},
		{"deploy start", "<app> [n:int] [what*] [-e|--env=dev|prod] [-f|--force] [--tag*=text] [--ratio=float] [--to=channel] [--when=time] [--dry-run]"},
	};
	struct command_set *set = command_set_new();

	for (size_t i = 0; i < COUNT_OF(usages); i++) {
		struct command_spec *spec = arena_zero(command_set_arena(set), sizeof *spec);
		struct err err = {0};

		spec->plugin = i == 2 ? S("deploy") : S("core");
		spec_set_words(command_set_arena(set), spec, str_of(usages[i][0]));
		need(spec_read_usage(command_set_arena(set), str_of(usages[i][1]), spec, &err) && spec_check(spec, &err) && command_set_add(set, spec, &err));
	}
	return set;
}

static bool bind(struct arena *a, const struct command_set *set, struct str text, enum line_kind kind, struct typed_call *call, struct err *err)
{
	struct command_found found;
	struct pipeline pipe;
	struct line line;
	size_t i = 0;

	if (!line_read(a, text, kind, &line, err) || !line_split(&line, &pipe, err) || !pipe.count) {
		need(line.fault_at == SIZE_MAX || line.fault_at <= line.text.n);
		touch(line_point(a, &line));
		return false;
	}
	for (; i < pipe.count; i++)
		for (size_t k = 0; k < pipe.stages[i].count; k++)
			touch(pipe.stages[i].tokens[k].text);
	command_set_find(set, pipe.stages[0].tokens, pipe.stages[0].count, &found);
	return found.spec &&
	       call_bind(a, found.spec, pipe.stages[0].tokens + found.words, pipe.stages[0].count - found.words, &names, &line, call, err) && !call->flags.help;
}

static void expand(struct arena *a, struct str in)
{
	struct err err = {0};
	struct line line;
	struct str out;

	if (line_read(a, in, LINE_TYPED, &line, &err) && alias_expand(a, in, line.tokens, line.count, &out, &err))
		touch(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct command_set *set;
	struct str in = own_copy(data, size);
	struct typed_call call, again;
	struct err err = {0};
	struct arena a;

	set = set ? set : commands_made();
	arena_init(&a);
	expand(&a, in);
	if (bind(&a, set, in, size % 2 ? LINE_TYPED : LINE_CHAT, &call, &err)) {
		struct err second = {0};

		need(str_is_utf8(call.canonical));
		if (call.canonical.n <= LINE_MAX_BYTES) {
			need(bind(&a, set, call.canonical, LINE_CANONICAL, &again, &second));
			need(str_eq(call.canonical, again.canonical));
		}
	} else {
		need(str_is_utf8(str_of(err.text)));
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
