#include "net/body.h"

#include "net/form.h"

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

struct json *body_parse(struct arena *a, struct str content_type, struct str body, struct err *err)
{
	struct form form;

	if (!content_type_is(content_type, "application/x-www-form-urlencoded"))
		return json_parse(a, json_mend(a, body), JSON_LAST_KEY_WINS, err);
	if (!form_parse(a, body, &form, err))
		return NULL;
	for (size_t i = 0; i < form.count; i++) {
		form.fields[i].name = arena_dup(a, form.fields[i].name);
		form.fields[i].value = json_mend(a, form.fields[i].value);
	}
	return tree_of_form(a, &form);
}
