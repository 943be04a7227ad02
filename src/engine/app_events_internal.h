/* engine/app_events_internal.h -- what app_events.c and app_workspace.c share; nobody else includes it. */
#pragma once
#include "engine/app_events.h"
#include "store/apps.h"

/* One thing that happened, for all apps that hear of it. */
struct news {
	struct work *w;
	struct err *err;
	const struct channel *channel; /* NULL: of the workspace */
	bool members_only;
	int64_t only_user;             /* whose alone it is; 0: everybody's */
	int64_t not_app, only_app;     /* 0: any */
	const char *subscription;
	struct str written;            /* the event as it is; "": write() writes its members */
	void (*write)(const struct news *n, struct json_out *o);
	/* what write() writes of */
	const char *type;
	const struct message *message, *before;
	const struct user *user;
	int64_t user_id, other_id;
	struct str name;
};
/* For one app: does it hear, or somebody for whom it does? Then *h is who. */
bool news_heard(const struct news *n, struct app_hearer *h);
MUST_USE bool news_add(const struct news *n, const struct app_hearer *h);
MUST_USE bool news_links(struct news *n); /* of n->message: link_shared */
MUST_USE bool news_tell(struct news *n, const char *subscription);

static inline int64_t news_ts(const struct work *w)
{
	return w->now * 1000;
}
