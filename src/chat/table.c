#include "chat/table.h"

const struct chat_kind *const chat_kinds[] = {&chat_ours, &chat_irc, &chat_mattermost, &chat_slack, NULL};

const struct chat_kind *chat_kind_of(struct str system)
{
	for (size_t i = 1; chat_kinds[i]; i++)
		if (str_is(system, chat_kinds[i]->name))
			return chat_kinds[i];
	return NULL;
}
