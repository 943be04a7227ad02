/* The one file in C++: RE2 has no other door. No exception leaves it; RE2 throws none. */
extern "C" {
#include "base/regex.h"
}

#include <re2/re2.h>

#include <string>
#include <vector>

/* What one expression may take, its automaton included. A thousand words fit; `(((a{99}){99}){99})` does not. */
static const int64_t REGEX_MEMORY = 512 * KIB;

struct regex {
	RE2 re;
	regex(const std::string &pattern, const RE2::Options &options) : re(pattern, options) {}
};

static const char *word_of(RE2::ErrorCode code)
{
	switch (code) {
	case RE2::ErrorBadEscape:
		return "invalid escape sequence";
	case RE2::ErrorBadCharClass:
	case RE2::ErrorBadCharRange:
		return "invalid character class range";
	case RE2::ErrorMissingBracket:
		return "missing closing ]";
	case RE2::ErrorMissingParen:
		return "missing closing )";
	case RE2::ErrorUnexpectedParen:
		return "unexpected )";
	case RE2::ErrorTrailingBackslash:
		return "trailing backslash at end of expression";
	case RE2::ErrorRepeatArgument:
		return "missing argument to repetition operator";
	case RE2::ErrorRepeatSize:
		return "invalid repeat count";
	case RE2::ErrorRepeatOp:
		return "invalid nested repetition operator";
	case RE2::ErrorBadPerlOp:
		return "invalid or unsupported Perl syntax";
	case RE2::ErrorBadUTF8:
		return "invalid UTF-8";
	case RE2::ErrorBadNamedCapture:
		return "invalid named capture";
	case RE2::ErrorPatternTooLarge:
		return "expression too large";
	default:
		return "internal error";
	}
}

static struct regex *make(const std::string &pattern, bool groups, struct err *err)
{
	RE2::Options options;
	struct regex *r;

	options.set_log_errors(false);
	options.set_max_mem(REGEX_MEMORY);
	options.set_never_capture(!groups);
	r = new regex(pattern, options);
	if (r->re.ok())
		return r;
	if (r->re.error_code() == RE2::ErrorPatternTooLarge)
		err_set(err, ERR_INVALID, "error parsing regexp: expression too large");
	else
		err_set(err, ERR_INVALID, "error parsing regexp: %s: `%.200s`", word_of(r->re.error_code()), r->re.error_arg().c_str());
	delete r;
	return nullptr;
}

struct regex *regex_new(struct str pattern, struct err *err)
{
	return make("^(?:" + std::string(pattern.p, pattern.n) + ")$", false, err);
}

bool regex_check(struct str pattern, struct err *err)
{
	struct regex *r = make(std::string(pattern.p, pattern.n), false, err);

	regex_free(r);
	return r != nullptr;
}

void regex_free(struct regex *r)
{
	delete r;
}

bool regex_matches(const struct regex *r, struct str text)
{
	return RE2::PartialMatch(re2::StringPiece(text.p, text.n), r->re);
}

/* RE2 knows (?P<name>...) alone; what looks like it in a class or behind a backslash stays. */
static std::string with_p(struct str pattern)
{
	std::string out;
	bool in_class = false;

	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i], next = i + 3 < pattern.n ? pattern.p[i + 3] : '=';

		out += c;
		if (c == '\\' && i + 1 < pattern.n)
			out += pattern.p[++i];
		else if (c == '[' || c == ']')
			in_class = c == '[';
		else if (!in_class && c == '(' && next != '=' && next != '!' && pattern.p[i + 1] == '?' && pattern.p[i + 2] == '<') {
			out += "?P";
			i++;
		}
	}
	return out;
}

struct regex *regex_new_named(struct str pattern, struct err *err)
{
	return make("^(?:" + with_p(pattern) + ")$", true, err);
}

bool regex_groups(const struct regex *r, struct str text, void (*on_group)(void *context, struct str name, struct str value), void *context)
{
	int count = r->re.NumberOfCapturingGroups() + 1;
	std::vector<re2::StringPiece> found(count);

	if (!r->re.Match(re2::StringPiece(text.p, text.n), 0, text.n, RE2::UNANCHORED, found.data(), count))
		return false;
	for (const auto &name : r->re.NamedCapturingGroups()) {
		const re2::StringPiece &value = found[name.second];

		if (value.data())
			on_group(context, str_n(name.first.data(), name.first.size()), str_n(value.data(), value.size()));
	}
	return true;
}
