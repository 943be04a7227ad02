/* api/delivery_notes.h -- from an exchange to the lists of deliveries (api/deliveries.h). */
#pragma once
#include "api/deliveries.h"
#include "api/exchange.h"
#include "engine/alerts.h"

/* A handler's word: this delivery was taken in. hook_refused() says the other. */
void delivery_taken(struct exchange *x, const struct delivery *d);

/* Work thread, when the answer is known: puts the delivery into its list. */
void delivery_list(struct exchange *x);
/* Net thread: it was listed, and then its commit failed. */
void delivery_undone(struct exchange *x);
