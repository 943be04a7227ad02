/* Slack's Web API: apps.* */
#include "api/slack.h"
#include "api/socket.h"

void slack_apps_open(struct slack_call *c)
{
	json_add_str(&c->out, "url", link_url(c->w, c->x->app_id));
}
