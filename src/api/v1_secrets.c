/* Secrets of plugins: set, listed by name, dropped; never shown. An admin sets those of the site, of plugins and channels; anybody their own. */
#include "api/handlers.h"
#include "base/mask.h"
#include "commands/listings.h"
#include "commands/plugin_go.h"
#include "engine/messages.h"
#include "store/runs.h"

#define SECRET_BYTES_MAX (16 * KIB)

static const char *const layers[] = {[SECRET_SITE] = "site", [SECRET_PLUGIN] = "plugin", [SECRET_CHANNEL] = "channel", [SECRET_USER] = "user"};

static bool name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') && !(s.p[i] >= '0' && s.p[i] <= '9') && !strchr("._-", s.p[i]))
			return false;
	return s.n > 0 && s.n <= 80 && s.p[0] != '.';
}

static bool read_layer(struct exchange *x, const struct json *body, struct plugin_secret *s)
{
	struct str layer = json_get_str(body, "layer"), channel = json_get_str(body, "channel");
	struct channel c;

	s->layer = s->plugin.n ? SECRET_PLUGIN : SECRET_SITE;
	for (size_t i = SECRET_SITE; i < COUNT_OF(layers); i++)
		if (str_is(layer, layers[i]))
			s->layer = (enum secret_layer)i;
	if (layer.n && !str_is(layer, layers[s->layer])) {
		x_fail(x, ERR_INVALID, "layer is site, plugin, channel or user");
		return false;
	}
	if (s->layer != SECRET_SITE && !s->plugin.n) {
		x_fail(x, ERR_INVALID, "say of which plugin it is");
		return false;
	}
	if (s->layer == SECRET_CHANNEL) {
		if (!chat_channel(&x->work, x->user.id, channel, &c, &x->err))
			return false;
		s->layer_id = c.id;
	}
	if (s->layer == SECRET_USER)
		s->layer_id = x->user.id;
	else if (x->user.role < ROLE_ADMIN || x->caller.scope < SCOPE_ADMIN) {
		x_fail(x, ERR_FORBIDDEN, "this needs the role admin; your own secrets are of the layer user");
		return false;
	}
	return true;
}

static bool read_secret(struct exchange *x, const struct json *body, struct plugin_secret *s)
{
	*s = (struct plugin_secret){.plugin = json_get_str(body, "plugin"), .name = json_get_str(body, "name"), .changed_by = x->user.id, .changed = x->work.now};
	if (!name_ok(s->name) || (s->plugin.n && !name_ok(s->plugin))) {
		x_fail(x, ERR_INVALID, "a name has 1 to 80 letters, digits, . _ -");
		return false;
	}
	return read_layer(x, body, s);
}

static bool note(struct exchange *x, const struct plugin_secret *s, const char *action)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "plugin", s->plugin);
	json_add_str(&o, "name", s->name);
	json_add_str(&o, "layer", str_of(layers[s->layer]));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return x_audit(x, x->user.id, action, buf_keep(x_arena(x), &b), "ok");
}

void v1_secret_put(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json *body = x_body(x);
	struct str value = json_get_str(body, "value");
	struct secret key = plugin_secret_key(e);
	struct plugin_secret s;
	struct json_out o;

	if (!body || !read_secret(x, body, &s))
		return;
	if (!value.n || value.n > SECRET_BYTES_MAX) {
		x_fail(x, ERR_INVALID, "a secret has 1 byte to %d KiB", SECRET_BYTES_MAX / KIB);
		return;
	}
	(void)mask_add(value);
	s.sealed = crypt_seal(x_arena(x), &key, value);
	if (!store_secret_put(e->db, e->workspace_id, &s, &x->err) || !note(x, &s, "secret.set") || !listings_now(&x->work, &x->err)) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_add_bool(&o, "ok", true);
	json_close(&o, '}');
}

void v1_secret_drop(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json *body = x_body(x);
	struct plugin_secret s;
	struct json_out o;

	if (!body || !read_secret(x, body, &s) || !store_secret_drop(e->db, e->workspace_id, &s, &x->err))
		return;
	if (!note(x, &s, "secret.drop")) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_add_bool(&o, "ok", true);
	json_close(&o, '}');
}

/* One's own; an admin sees all. Never a value. */
void v1_secrets(struct exchange *x)
{
	struct engine *e = x->work.engine;
	bool admin = x->user.role == ROLE_ADMIN && x->caller.scope >= SCOPE_ADMIN;
	struct plugin_secret *list;
	struct json_out o;
	size_t count;

	if (!store_secret_list(e->db, x_arena(x), e->workspace_id, x_query(x, "plugin"), &list, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "secrets");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		const struct plugin_secret *s = &list[i];

		if (!admin && !(s->layer == SECRET_USER && s->layer_id == x->user.id))
			continue;
		json_open(&o, '{');
		json_add_str(&o, "plugin", s->plugin);
		json_add_str(&o, "name", s->name);
		json_add_str(&o, "layer", str_of(layers[s->layer]));
		if (s->layer_id)
			json_add_str(&o, s->layer == SECRET_CHANNEL ? "channel" : "user", id_write(x_arena(x), s->layer == SECRET_CHANNEL ? 'C' : 'U', s->layer_id));
		json_add_str(&o, "changed_by", id_write(x_arena(x), 'U', s->changed_by));
		json_add_wall(&o, "changed", s->changed);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}
