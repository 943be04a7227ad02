/* What a plugin's program gets (ops/plugin_request.h), what is made of what it says (ops/plugin_output.h), and Chatops RPC v3
 * (ops/plugin_rpc.h). */
#include "base/crypt.h"
#include "ops/grammar.h"
#include "ops/plugin_rpc.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static struct arena a;
static struct plugin *plugin;
static struct plugin_output out;
static struct output_event event;

static const char manifest[] =
	"{\"name\":\"deploy\",\"version\":\"1.2.0\",\"contract\":1,\"summary\":\"Deploys.\",\"program\":[\"python3\",\"deploy.py\"],\"rules\":[\"allow deploy:* need role operator\"],\"commands\":["
	"{\"path\":\"deploy start\",\"help\":\"Starts.\",\"risk\":\"danger\",\"dry_run\":true,\"args\":[{\"name\":\"app\",\"required\":true},{\"name\":\"hosts\",\"repeat\":true}],"
	"\"options\":[{\"name\":\"env\",\"default\":\"dev\"},{\"name\":\"force\",\"type\":\"bool\"},{\"name\":\"check\",\"type\":\"bool\",\"default\":true},{\"name\":\"count\",\"type\":\"int\"},"
	"{\"name\":\"wait\",\"type\":\"span\"},{\"name\":\"tag\",\"repeat\":true}],\"examples\":[\"deploy start web\"]},"
	"{\"path\":\"deploy\",\"help\":\"What runs.\",\"risk\":\"read\",\"args\":[{\"name\":\"who\",\"type\":\"user\"}],\"examples\":[\"deploy\"]}]}";

static void open_all(void)
{
	struct err err = {0};

	ck_assert(crypt_start(&err));
	arena_init(&a);
	plugin = plugin_parse(str_of(manifest), S(""), "plugin.json", &err);
	ck_assert_msg(plugin, "%s", err.text);
	plugin_output_init(&out);
}

static void close_all(void)
{
	plugin_output_done(&out);
	plugin_free(plugin);
	arena_done(&a);
}

/* ---- the request ---- */

static bool a_name(void *context, struct str ref, struct value *value, struct err *err)
{
	(void)context, (void)err;
	value->text = ref.p[0] == '@' ? str_n(ref.p + 1, ref.n - 1) : ref;
	return true;
}

static struct typed_call bind(const struct plugin_command *c, const char *words)
{
	struct bind_names names = {.user = a_name, .channel = a_name};
	struct typed_call call;
	struct line line;
	struct err err = {0};

	ck_assert(line_read(&a, str_of(words), LINE_TYPED, &line, &err));
	ck_assert_msg(call_bind(&a, &c->spec, line.tokens, line.count, &names, &line, &call, &err), "%s", err.text);
	return call;
}

static const char *argv_of(const struct plugin_command *c, const char *words, bool dry_run)
{
	struct typed_call call = bind(c, words);
	struct plugin_request r = {.id = S("17"), .command = c, .call = &call, .raw = S("x"), .user_id = S("U1"), .user = S("ann"), .email = S(""), .room_id = S(""), .room = S(""),
				   .thread = S(""), .incident = S(""), .dry_run = dry_run};
	struct plugin_input in;
	struct err err = {0};
	struct buf b;

	ck_assert(plugin_request_write(&a, &r, &in, &err));
	buf_init(&b, 10000);
	for (size_t i = 0; i < in.argc; i++)
		buf_printf(&b, "[" STR_FMT "]", STR_ARG(in.argv[i]));
	return buf_keep(&a, &b).p;
}

START_TEST(argv_is_that_of_a_program)
{
	const struct plugin_command *start = plugin->commands[0], *all = plugin->commands[1];

	ck_assert_str_eq(argv_of(start, "web", false), "[python3][deploy.py][start][--env=dev][--check][--][web]");
	ck_assert_str_eq(argv_of(start, "'-rf /' a b --env 'x y' --force --no-check --count 3 --wait 90m --tag a --tag b", true),
			 "[python3][deploy.py][start][--dry-run][--env=x y][--force][--no-check][--count=3][--wait=90m][--tag=a][--tag=b][--][-rf /][a][b]");
	ck_assert_str_eq(argv_of(start, "web --no-force", false), "[python3][deploy.py][start][--env=dev][--check][--][web]");
	ck_assert_str_eq(argv_of(all, "", false), "[python3][deploy.py]");
	ck_assert_str_eq(argv_of(all, "@ben", false), "[python3][deploy.py][--][ben]");
}
END_TEST

START_TEST(the_document_says_all)
{
	const struct plugin_command *c = plugin->commands[0];
	struct typed_call call = bind(c, "web --count 3 --force --wait 90m");
	struct str groups[] = {S("release")};
	struct plugin_approval yes = {S("ben"), 1772416800000};
	struct plugin_request r = {.id = S("17"), .command = c, .call = &call, .raw = S("deploy start \"web\""), .user_id = S("U1"), .user = S("ann"), .email = S("ann@example.com"),
				   .groups = groups, .group_count = 1, .room_id = S("C1"), .room = S("ops"), .thread = S("1.000001"), .incident = S("INC-12"), .dry_run = true,
				   .approvals = &yes, .approval_count = 1, .rows = S("[{\"id\":1}]"), .deadline = 1772416860000};
	struct plugin_input in;
	struct err err = {0};

	ck_assert(plugin_request_write(&a, &r, &in, &err));
	ck_str(in.document,
	       "{\"v\":1,\"id\":\"17\",\"command\":\"deploy start\",\"args\":{\"app\":\"web\",\"hosts\":[]},\"options\":{\"env\":\"dev\",\"force\":true,\"check\":true,\"count\":3,\"wait\":\"90m\",\"tag\":[]},"
	       "\"raw\":\"deploy start \\\"web\\\"\",\"user\":{\"id\":\"U1\",\"name\":\"ann\",\"email\":\"ann@example.com\",\"groups\":[\"release\"]},\"room\":{\"id\":\"C1\",\"name\":\"ops\"},"
	       "\"thread\":\"1.000001\",\"incident\":\"INC-12\",\"dry_run\":true,\"approvals\":[{\"by\":\"ben\",\"at\":\"2026-03-02T02:00:00.000Z\"}],\"rows\":[{\"id\":1}],"
	       "\"deadline\":\"2026-03-02T02:01:00.000Z\"}\n");
	ck_assert_uint_eq(in.env_count, 7);
	ck_str(in.env[0], "OPSROOM_ID=17");
	ck_str(in.env[5], "OPSROOM_INCIDENT=INC-12");
	ck_str(in.env[6], "OPSROOM_DRY_RUN=1");
}
END_TEST

/* ---- the output ---- */

static void say(const char *line)
{
	plugin_output_line(&out, str_of(line), &event);
}

#define shows(text) ck_str(plugin_output_text(&out, &a), text)

START_TEST(plain_text)
{
	shows("");
	say("");
	say("up & <running>");
	ck_assert_int_eq(event.kind, OUTPUT_TEXT);
	shows("up &amp; &lt;running&gt;");
	say("");
	say("```x\t\x1b[31mred\x1b[0m \x1b]0;title\x07\xe2\x80\xaegnp.exe \xff\x01|");
	say(" 10%\r 50%\r100%\r");
	shows("```\nup &amp; &lt;running&gt;\n\n``\xe2\x80\x8b`x\tred gnp.exe \xef\xbf\xbd|\n100%\n```");
	say("opsroom/1");
	say("{\"text\":\"no event\"}");
	ck_assert(!out.events);
	ck_str(plugin_output_rows(&out, &a), "[]");
}
END_TEST

START_TEST(events)
{
	say("opsroom/1");
	ck_assert_int_eq(event.kind, OUTPUT_NOTHING);
	say("{\"text\":\"*bold* <!channel>\\nnext\"}");
	say("{\"link\":{\"url\":\"https://x/?a=1&b=2\",\"title\":\"a > b\"}}");
	say("{\"row\":{\"id\":1,\"name\":\"a\\u001b[0mb\"}}");
	ck_assert_int_eq(event.kind, OUTPUT_ROW);
	say("{\"progress\":{\"pct\":40,\"msg\":\"half\"}}");
	say("{\"button\":{\"label\":\"Again\",\"command\":\"deploy start web\"}}");
	say("{\"note\":\"rolled back\"}");
	ck_assert(event.kind == OUTPUT_NOTE);
	ck_str(event.text, "rolled back");
	say("{\"log\":{\"level\":\"warn\",\"msg\":\"slow\"}}");
	ck_assert(event.kind == OUTPUT_LOG);
	ck_str(event.name, "warn");
	say("{\"set\":{\"key\":\"last\",\"value\":{\"n\":[1,2]}}}");
	ck_assert(event.kind == OUTPUT_SET);
	ck_str(event.text, "{\"n\":[1,2]}");
	say("{\"file\":{\"name\":\"out.txt\",\"text\":\"a\\nb\"}}");
	ck_assert(event.kind == OUTPUT_FILE);
	say("{\"error\":{\"code\":\"E1\",\"hint\":\"ask ann\"}}");
	say("{\"error\":{\"code\":\"E2\",\"hint\":\"and ben\"}}");
	shows("*bold* &lt;!channel&gt;\nnext\n<https://x/?a=1&amp;b=2|a &gt; b>");
	ck_str(plugin_output_rows(&out, &a), "[{\"id\":1,\"name\":\"ab\"}]");
	ck_assert_int_eq(out.percent, 40);
	ck_assert_str_eq(out.progress, "half");
	ck_assert_uint_eq(out.button_count, 1);
	ck_str(out.buttons[0].command, "deploy start web");
	ck_assert(out.failed);
	ck_str(out.error_code, "E1");
	ck_assert_uint_eq(out.odd_lines, 0);
}
END_TEST

START_TEST(what_is_no_event_is_shown)
{
	static const char *const odd[] = {"Traceback", "[1]", "{\"text\":1}", "{\"text\":\"a\",\"note\":\"b\"}", "{\"nope\":1}", "{\"progress\":{\"pct\":101}}", "{\"link\":\"javascript:x\"}",
					  "{\"link\":\"https://x|y\"}", "{\"button\":{\"label\":\"x\"}}", "{\"row\":[1]}", "{\"table\":{\"cols\":[\"a\",\"a\"],\"rows\":[]}}",
					  "{\"table\":{\"cols\":[\"a\"],\"rows\":[[1,2]]}}", "{\"file\":{\"name\":\"../x\",\"text\":\"\"}}", "{\"log\":{\"level\":\"loud\",\"msg\":\"x\"}}"};

	say("opsroom/1");
	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		say(odd[i]);
		ck_assert_msg(event.kind == OUTPUT_TEXT, "%s", odd[i]);
		ck_assert_uint_eq(out.odd_lines, i + 1);
	}
	ck_assert_uint_eq(out.row_count, 0);
}
END_TEST

START_TEST(tables)
{
	say("opsroom/1");
	say("{\"table\":{\"cols\":[\"name\",\"up\"],\"rows\":[[\"web\",true],[\"database\",null],[\"x\"]]}}");
	shows("```\nname      up\nweb       true\ndatabase\nx\n```");
	ck_str(plugin_output_rows(&out, &a), "[{\"name\":\"web\",\"up\":true},{\"name\":\"database\",\"up\":null},{\"name\":\"x\"}]");
}
END_TEST

START_TEST(limits_hold)
{
	char *big = malloc(100 * KIB);

	memset(big, 'x', 100 * KIB);
	plugin_output_line(&out, str_n(big, 100 * KIB), &event);
	ck_assert_uint_eq(event.line.n, OUTPUT_LINE_MAX);
	for (int i = 0; i < 10; i++)
		plugin_output_line(&out, str_n(big, 50 * KIB), &event);
	ck_assert(out.cut && plugin_output_text(&out, &a).n < OUTPUT_SHOWN_MAX + 100);
	ck_assert(str_ends(plugin_output_text(&out, &a), S("\n_There is more; the run's log has it._")));
	plugin_output_done(&out);
	plugin_output_init(&out);
	say("opsroom/1");
	for (int i = 0; i < OUTPUT_ROWS_MAX + 5; i++)
		say("{\"row\":{\"a\":1}}");
	ck_assert_uint_eq(out.row_count, OUTPUT_ROWS_MAX);
	ck_assert(out.cut);
	free(big);
}
END_TEST

START_TEST(exit_codes_have_words)
{
	static const struct {
		int code;
		const char *said, *name;
		bool ok;
	} ends[] = {{0, "`x` is done", "done", true},
		    {1, "`x` failed (exit code 1)", "failed", false},
		    {2, "`x` was not understood by its program (exit code 2)", "usage", false},
		    {3, "`x` had nothing to do", "nothing", true},
		    {9, "`x` failed (exit code 9)", "failed", false},
		    {75, "`x` cannot be done now; try again later", "later", false},
		    {77, "`x` was refused by its program", "refused", false},
		    {124, "`x` took too long and was ended", "timed_out", false},
		    {127, "`x` could not be started: its program is not there", "not_found", false},
		    {128, "`x` failed (exit code 128)", "failed", false},
		    {137, "`x` was ended by a signal (signal 9)", "signal", false},
		    {255, "`x` failed (exit code 255)", "failed", false}};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		ck_str(plugin_exit_say(&a, S("x"), ends[i].code), ends[i].said);
		ck_assert_str_eq(plugin_exit_find(ends[i].code)->name, ends[i].name);
		ck_assert_int_eq(plugin_exit_find(ends[i].code)->ok, ends[i].ok);
	}
}
END_TEST

/* ---- Chatops RPC ---- */

/* The sample message of the protocol's description with its key and signature (github/chatops-controller, docs/). */
static const char sample_key[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuAr7aMOLW08UrP8gWPzf\n"
				 "P5+GF1ov3I2Wn1n7AsDxez36+hyUAY7skZzd7+Nz/j8HT10NRSMA/lkc49FaJlNQ\n"
				 "2wAsvsF53AwtTna+FkR1e1P66+PhKB9NeoCf5TCvVvihR1VI/BS4AAOdYLCr8NuX\n"
				 "89I74qK2WYSziHzTzxbMMZldgXO+GDlKdZXNzCrk4Kj0ger2bap9/amUXRuuqOVS\n"
				 "LZJ3l0mYRWu45TG9tlF8jmix48+2e1pzhbw1qezD7vB8lsGH2qaKQrs1Em1tZHRg\n"
				 "xbrslbDbmD+q3Oq0CpnFNp7eIoAxXcrLPyw/IlplCLM0hxouPRlQ/yEhfnLnjnbh\n"
				 "HQIDAQAB\n"
				 "-----END PUBLIC KEY-----\n";
static const char sample_signature[] = "trtOLqLMKzCohxT6Uzeqs+n5Q1msTQUIO4GDl0pyyyTea5MOte6dIQ+k9AlYHOJ2IHTxGHVhDYJTm2AtgHOEZqrLpqOLqORj64HbwIWtTyuRBUmUmzHWMJKHa6jy4u9aB8VgSKxE7oDHU6Zo/7kG"
				       "vqvTBSumF2kMaSjkMXhkUd5WmuQGWpPJ5hC0W65alCJU1inQQDZDgj1oH/849zZB3WU8Ne61BMM1Qb4IcljDU6UciGyPOgXRNSALvgKdCSJyhLhHBxYvuypCjUpgiWKm4h3u0GOpem8NoBXLjeEH"
				       "T4fRwJYP8hmQWauUgOmjvKt2wufykHZDZNp4fPwkm6qGKg==";

static bool verifies(EVP_PKEY *key, struct str text, struct str base64)
{
	unsigned char raw[1024];
	int n = EVP_DecodeBlock(raw, (const unsigned char *)base64.p, (int)base64.n);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	for (size_t i = base64.n; i-- > 0 && base64.p[i] == '=';)
		n--;
	ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestVerify(ctx, raw, (size_t)n, (const unsigned char *)text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

START_TEST(the_published_signature_fits)
{
	BIO *bio = BIO_new_mem_buf(sample_key, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	struct str text = rpc_signed_text(&a, S("http://test.host/_chatops"), S("889c9543c22695bc031f723ef2fd28ef1fbed6b0"), S("2017-06-28T22:51:41Z"), S(""));

	ck_assert(verifies(key, text, str_of(sample_signature)));
	ck_assert(!verifies(key, rpc_signed_text(&a, S("http://test.host/_chatops"), S("8"), S("2017-06-28T22:51:41Z"), S("")), str_of(sample_signature)));
	EVP_PKEY_free(key);
	BIO_free(bio);
}
END_TEST

static struct str pem_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct str pem;
	char *p;
	long n;

	ck_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	n = BIO_get_mem_data(bio, &p);
	pem = arena_dup(&a, str_n(p, (size_t)n));
	BIO_free(bio);
	return pem;
}

START_TEST(requests_are_signed)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *weak = EVP_RSA_gen(1024);
	struct rpc_headers h;
	struct err err = {0};
	struct str before, signature;

	ck_assert(rpc_sign(&a, pem_of(key), S("k1"), S("https://x/_chatops"), S("abc"), 1498690301000, S("{}"), &h, &err));
	ck_str(h.nonce, "Chatops-Nonce: abc");
	ck_str(h.timestamp, "Chatops-Timestamp: 2017-06-28T22:51:41Z");
	ck_assert(str_starts(h.signature, S("Chatops-Signature: Signature keyid=k1,signature=")));
	signature = str_n(h.signature.p + 48, h.signature.n - 48);
	before = S("https://x/_chatops\nabc\n2017-06-28T22:51:41Z\n{}");
	ck_assert(verifies(key, before, signature));
	ck_assert(!rpc_sign(&a, pem_of(weak), S("k1"), S("https://x/"), S("abc"), 0, S(""), &h, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
}
END_TEST

static const char rpc_manifest[] = "{\"name\":\"cd\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"rpc\",\"url\":\"https://cd.example.com/_chatops\",\"key\":\"CD_KEY\","
				   "\"rules\":[\"allow cd:* need role operator\"]}";
static const char listing[] = "{\"namespace\":\"deploy\",\"help\":null,\"version\":3,\"error_response\":\"Look at the tracker.\",\"methods\":{"
			      "\"options\":{\"help\":\"hubot deploy options <app> - List\",\"regex\":\"options(?: (?<app>\\\\S+))?\",\"params\":[\"app\"],\"path\":\"wcid\"},"
			      "\"lock\":{\"regex\":\"lock (?<App_Name>\\\\S+) because (?<reason>.+)\",\"params\":[\"App_Name\",\"reason\"],\"path\":\"lock\"}}}";

static struct plugin *rpc_plugin(const char *list, struct err *err)
{
	return plugin_parse(str_of(rpc_manifest), str_of(list), "plugin.json", err);
}

START_TEST(a_listing_is_commands)
{
	struct err err = {0};
	struct plugin *p = rpc_plugin(listing, &err);
	const struct plugin_command *c;
	struct typed_call call;
	struct plugin_request r = {.id = S("17"), .user_id = S("U1"), .user = S("ann"), .room = S("ops")};

	ck_assert_msg(p, "%s", err.text);
	ck_assert_uint_eq(p->command_count, 2);
	c = p->commands[0];
	ck_str(c->spec.words, "cd options");
	ck_str(c->spec.usage, "[--app=\xe2\x80\xa6]");
	ck_str(c->spec.summary, "hubot deploy options <app> - List");
	ck_str(rpc_call_url(&a, c), "https://cd.example.com/_chatops/wcid");
	c = p->commands[1];
	call = bind(c, "--app_name web --reason_ 'it burns'");
	r.command = c;
	r.call = &call;
	ck_str(rpc_call_body(&a, &r),
	       "{\"user\":\"ann\",\"mention_slug\":\"U1\",\"message_id\":\"17\",\"room_id\":\"ops\",\"method\":\"lock\",\"params\":{\"App_Name\":\"web\",\"reason\":\"it burns\"}}");
	ck_str(rpc_match(&a, p, S("options")), "cd:options");
	ck_str(rpc_match(&a, p, S("options web")), "cd:options --app=web");
	ck_str(rpc_match(&a, p, S("lock web because it --force burns")), "cd:lock --app_name=web --reason_=\"it --force burns\"");
	ck_str(rpc_match(&a, p, S("tell me options web")), "");
	plugin_free(p);
	p = rpc_plugin("", &err);
	ck_assert(p && p->command_count == 0);
	plugin_free(p);
}
END_TEST

START_TEST(wrong_listings)
{
	static const char *const lists[][2] = {
		{"[]", "listing.json: methods: an object of at most 200 methods is wanted here"},
		{"{\"version\":4,\"methods\":{}}", "listing.json: line 1: version: 3 is the version of Chatops RPC that is understood"},
		{"{\"methods\":{\"a\":{\"path\":\"/x\"}}}", "listing.json: line 1: methods.a: `path` is a path below that of the listing, without .."},
		{"{\"methods\":{\"a\":{\"path\":\"../x\"}}}", "listing.json: line 1: methods.a: `path` is a path below that of the listing, without .."},
		{"{\"methods\":{\"a b\":{\"path\":\"x\"}}}", NULL},
		{"{\"methods\":{\"a:b\":{\"path\":\"x\"}}}", "listing.json: line 1: methods.a:b: a method's name is of letters, digits, - and _, and it is an object"},
		{"{\"methods\":{\"a\":{\"path\":\"x\",\"regex\":\"(\"}}}", "listing.json: line 1: methods.a: `regex`: error parsing regexp: missing closing ): `^(?:()$`"},
		{"{\"methods\":{\"a\":{\"path\":\"x\",\"regex\":\"(?<=a)b\"}}}", "listing.json: line 1: methods.a: `regex`: error parsing regexp: invalid or unsupported Perl syntax: `(?<`"},
		{"{\"methods\":{\"a\":{\"path\":\"x\"},\"A\":{\"path\":\"x\"}}}", "listing.json: line 1: methods.A: there is another command `cd a`"},
	};

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct err err = {0};
		struct plugin *p = rpc_plugin(lists[i][0], &err);

		if (lists[i][1]) {
			ck_assert_msg(!p, "%s", lists[i][0]);
			ck_assert_str_eq(err.text, lists[i][1]);
		}
		plugin_free(p);
	}
}
END_TEST

static void answer(const char *body, int status)
{
	struct err err = {0};
	struct plugin *p = rpc_plugin(listing, &err);
	struct str result;

	plugin_output_done(&out);
	plugin_output_init(&out);
	rpc_answer_read(p->error_response, str_of(body), status, &out, &result);
	plugin_free(p);
}

START_TEST(answers_are_output)
{
	answer("{\"result\":\"unlocked <b>\\nin staging\",\"title\":\"T\",\"title_link\":\"https://x/\",\"color\":\"ddeeaa\",\"buttons\":[{\"label\":\"Go\",\"command\":\"cd lock\"}],"
	       "\"image_url\":\"javascript:x\"}",
	       200);
	shows("<https://x/|T>\nunlocked &lt;b&gt;\nin staging");
	ck_assert(!out.failed && out.button_count == 1);
	answer("{\"result\":\"done\",\"title\":\"T\",\"image_url\":\"https://x/y.png\"}", 200);
	shows("T\ndone\n<https://x/y.png|Image>");
	answer("{\"error\":{\"code\":-32602,\"message\":\"no such app\"}}", 200);
	ck_assert(out.failed);
	ck_str(out.error_hint, "no such app");
	answer("<html>", 502);
	ck_assert(out.failed);
	ck_str(out.error_code, "http 502");
	ck_str(out.error_hint, "Look at the tracker.");
	answer("{\"result\":17}", 200);
	ck_assert(out.failed);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"request", argv_is_that_of_a_program}, {"request", the_document_says_all}, {"output", plain_text},    {"output", events},
		{"output", what_is_no_event_is_shown},  {"output", tables},                {"output", limits_hold},
		{"output", exit_codes_have_words},      {"rpc", the_published_signature_fits}, {"rpc", requests_are_signed}, {"rpc", a_listing_is_commands},
		{"rpc", wrong_listings},                {"rpc", answers_are_output},
	};

	return unit_run_in("ops/plugin_io", tests, COUNT_OF(tests), open_all, close_all);
}
