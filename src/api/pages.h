/* api/pages.h -- what needs no work thread: the console's files, health, metrics. */
#pragma once
#include "api/exchange.h"

/* true: answered (the request is gone). */
bool pages_answer(struct api *api, struct http_request *r);
void api_refuse(struct api *api, struct http_request *r, enum err_code code, const char *text);
void exchange_free(struct exchange *x);
