/* api/mail.h -- mail that came by SMTP: each recipient's is a delivery like one of POST /hooks/TOOL/KEY. */
#pragma once
#include "net/smtp_server.h"

struct api;

/* Of smtp_events; the context is the api, whose `smtp` must be set by then. */
void mail_on_recipient(void *api, smtp_id conn, struct str key, struct str remote);
void mail_on_message(void *api, smtp_id conn, const struct smtp_mail *mail);
