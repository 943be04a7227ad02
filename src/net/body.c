#include "net/body.h"

#include "net/form.h"
#include "net/mail.h"

#include <ctype.h>

/* Scripts write "97% used" as it is; U+0000 is dropped in forms as in JSON. */
static struct str form_mend(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '%' && i + 2 < s.n && isxdigit((unsigned char)s.p[i + 1]) && isxdigit((unsigned char)s.p[i + 2]);

		if (escape && s.p[i + 1] == '0' && s.p[i + 2] == '0')
			i += 2;
		else if (s.p[i] == '%' && !escape)
			to[n++] = '%', to[n++] = '2', to[n++] = '5';
		else if (s.p[i])
			to[n++] = s.p[i];
	}
	to[n] = '\0';
	return str_n(to, n);
}

static struct json *tree_of_form(struct arena *a, const struct form *f)
{
	struct json *object = arena_zero(a, sizeof *object), **tail = &object->child;

	object->type = JSON_OBJECT;
	for (size_t i = 0; i < f->count; i++) {
		struct json *m = json_get(object, f->fields[i].name.p);

		if (!m) {
			m = *tail = arena_zero(a, sizeof *m);
			tail = &m->next;
			object->count++;
		}
		m->type = JSON_STR;
		m->key = f->fields[i].name;
		m->text = f->fields[i].value;
	}
	return object;
}

/* `curl -d` calls a form whatever it is given; without a "=", or with a bracket ahead, it is none. */
static bool is_form(struct str body)
{
	body = str_trim(body);
	return !body.n || (body.p[0] != '{' && body.p[0] != '[' && memchr(body.p, '=', body.n));
}

static struct json *json_or_text(struct arena *a, bool may_be_text, struct str body, struct err *err)
{
	struct json *v = json_parse(a, body, JSON_LAST_KEY_WINS, err);

	if (v || err->code != ERR_INVALID)
		return v;
	err_clear(err);
	body = json_mend(a, body); /* few need it */
	v = json_parse(a, body, JSON_LAST_KEY_WINS, err);
	if (v || !may_be_text || err->code != ERR_INVALID)
		return v;
	err_clear(err);
	v = arena_zero(a, sizeof *v);
	v->type = JSON_STR;
	v->text = body;
	return v;
}

struct json *body_parse(struct arena *a, struct str content_type, struct str body, struct err *err)
{
	bool called_form = content_type_is(content_type, "application/x-www-form-urlencoded");
	struct form form;

	if (content_type_is(content_type, "message/rfc822"))
		return mail_parse(a, body);
	if (!called_form || !is_form(body))
		return json_or_text(a, called_form || content_type_is(content_type, "text/plain") || !body.n, body, err);
	if (!form_parse(a, form_mend(a, body), &form, err))
		return NULL;
	for (size_t i = 0; i < form.count; i++) {
		form.fields[i].name = arena_dup(a, form.fields[i].name);
		form.fields[i].value = json_mend(a, form.fields[i].value);
	}
	return tree_of_form(a, &form);
}
