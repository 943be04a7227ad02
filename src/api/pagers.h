/* api/pagers.h -- what senders to paging services call, and how they are told of errors. */
#pragma once
#include "api/exchange.h"

void pagerduty_event(struct exchange *x);
void pagerduty_change(struct exchange *x);
void pagerduty_event_v1(struct exchange *x);
void pagerduty_write_error(struct exchange *x);

void opsgenie_alerts(struct exchange *x);
void opsgenie_write_error(struct exchange *x);

void victorops_alert(struct exchange *x);
void victorops_write_error(struct exchange *x);

void goalert_incoming(struct exchange *x); /* its errors are plain text */
