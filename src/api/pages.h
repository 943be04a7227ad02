/* api/pages.h -- what needs no work thread: the console's files, health, metrics. */
#pragma once
#include "api/exchange.h"

/* Answered with GET and HEAD, without a caller; everything else that fits is a file of the console. */
struct page {
	const char *path;
	const char *alias; /* as Prometheus and Alertmanager name it; NULL: none */
	void (*answer)(struct api *api, struct http_request *r);
	const char *help;
};
extern const struct page pages[];
extern const size_t page_count;

/* true: answered (the request is gone). */
bool pages_answer(struct api *api, struct http_request *r);
void api_refuse(struct api *api, struct http_request *r, enum err_code code, const char *text);
void exchange_free(struct exchange *x);
