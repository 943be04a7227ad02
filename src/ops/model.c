#include "ops/model.h"

static const char *const names[] = {[ROLE_VIEWER] = "viewer", [ROLE_RESPONDER] = "responder", [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin"};

const char *role_name(enum role role)
{
	return (unsigned)role < COUNT_OF(names) && names[role] ? names[role] : "nobody";
}

bool role_parse(struct str s, enum role *out)
{
	for (unsigned r = ROLE_VIEWER; r < COUNT_OF(names); r++)
		if (str_is(s, names[r])) {
			*out = (enum role)r;
			return true;
		}
	return false;
}

bool message_is_notice(enum message_kind kind)
{
	return (kind >= MESSAGE_JOIN && kind <= MESSAGE_TOPIC) || (kind >= MESSAGE_PURPOSE && kind <= MESSAGE_UNARCHIVE);
}
