#include "chat/table.h"

const struct chat_kind *const chat_kinds[] = {&chat_ours, NULL};
