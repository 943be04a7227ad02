/* net/mail.h -- a mail as a tree of texts, so that a source's program can say what it means.
 *
 * Sources: RFC 5322 (headers and dates), RFC 2045 to 2047 (MIME). Our own reader, since what is wanted is little -- a few headers and
 * the first text -- and Debian's libraries bring GLib (gmime) or C++ streams (vmime, mimetic) for it. It neither recurses
 * past MAIL_DEPTH nor refuses: what is no mail is a text without headers.
 */
#pragma once
#include "base/json.h"

#define MAIL_DEPTH 8     /* of multiparts in each other; deeper ones are not looked into */
#define MAIL_PARTS 200   /* looked at */
#define MAIL_HEADERS 200 /* kept */
#define MAIL_HEADERS_BYTES (64 * KIB)
#define MAIL_TEXT_BYTES (64 * KIB) /* the rest is cut off */

/* {"from":"nagios@example.com","to":...,"subject":...,"date":"2026-03-02T02:00:00+01:00","message_id":...,"headers":{...},"text":...}
 *
 * from, to: the bare address of the first, in lower case. headers: by lower-case names, of several the first, encoded words
 * read. date: RFC 3339, "" if it cannot be read. text: the first text/plain that is no attachment, else what HTML says. Members without a
 * value are "". Points into the message and the arena. */
struct json *mail_parse(struct arena *a, struct str message);
